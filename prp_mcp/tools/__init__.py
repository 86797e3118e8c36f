"""The tools, one module each; `all_tools` lists them in order."""
