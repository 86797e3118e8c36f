"""placeholder"""

from prp_mcp.report.story import Story


def render_html(story: Story) -> str:
    """x"""
    return story.run
