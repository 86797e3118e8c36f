"""Bundles as files, each with something that two readers of YAML may take differently."""

ROOT = "bundle:\n  name: shop\n"

BUNDLES: dict[str, dict[str, str]] = {
    "one file": {
        "databricks.yml": ROOT
        + "targets:\n  dev:\n    mode: development\n    default: true\n  prod:\n    mode: production\n"
        "resources:\n  pipelines:\n    etl:\n      name: etl\n      configuration:\n        source: /Volumes/a\n",
    },
    "includes with globs": {
        "databricks.yml": ROOT + "include:\n  - resources/*.yml\n  - resources/*/*.yml\n  - more/one.yaml\n",
        "resources/b.yml": "resources:\n  pipelines:\n    b: {name: b}\n",
        "resources/a.yml": "resources:\n  pipelines:\n    a: {name: a}\n  schemas:\n    s: {name: s}\n",
        "resources/deep/c.yml": "resources:\n  jobs:\n    c: {name: c}\n",
        "resources/not.txt": "resources:\n  jobs:\n    no: {name: no}\n",
        "more/one.yaml": "resources:\n  jobs:\n    d: {name: d}\n",
        "more/two.yaml": "resources:\n  jobs:\n    not_included: {name: no}\n",
    },
    "a file that two globs name": {
        "databricks.yml": ROOT + "include:\n  - resources/*.yml\n  - ./resources/a.yml\n",
        "resources/a.yml": "resources:\n  pipelines:\n    a: {name: a}\n",
    },
    "a glob that matches nothing": {"databricks.yml": ROOT + "include:\n  - resources/*.yml\n"},
    "the other names of the root": {"bundle.yaml": ROOT + "targets:\n  only: {}\n"},
    "anchors": {
        "databricks.yml": ROOT + "x-shared: &shared\n  source: /Volumes/a\n  limit: 5\n"
        "x-more: &more\n  limit: 6\n  deep: d\n"
        "resources:\n  pipelines:\n    etl: &etl\n      name: etl\n      configuration:\n        <<: [*shared, *more]\n"
        "        source: own\n    second:\n      <<: *etl\n      name: second\n",
    },
    "targets of an included file": {
        "databricks.yml": ROOT + "include: [targets.yml]\ntargets:\n  dev:\n    mode: development\n",
        "targets.yml": "targets:\n  prod:\n    mode: production\n  dev:\n    default: true\n",
    },
    "variables of an included file": {
        "databricks.yml": ROOT + "include: [variables.yml]\nvariables:\n  a:\n    default: 1\n",
        "variables.yml": "variables:\n  b:\n    default: two\n",
    },
    "variables": {
        "databricks.yml": ROOT + "variables:\n  catalog:\n    default: main\n  schema:\n    description: no default\n"
        "resources:\n  pipelines:\n    etl:\n      name: etl\n      catalog: ${var.catalog}\n",
    },
    "empty files": {
        "databricks.yml": ROOT + "include: ['*.yml', 'sub/*.yml']\n",
        "empty.yml": "",
        "comment.yml": "# nothing\n",
        "sub/null.yml": "null\n",
        "sub/sections.yml": "resources:\ntargets:\n",
    },
    "a second document": {"databricks.yml": ROOT + "---\nbundle:\n  name: other\n"},
    "a key given twice": {"databricks.yml": ROOT + "bundle:\n  name: again\n"},
    "keys that are no text": {
        "databricks.yml": ROOT + "targets:\n  1:\n    default: true\n  2.50: {}\n  2024-01-01: {}\n  ~: {}\n  '3': {}\n"
        "resources:\n  jobs:\n    007: {name: j}\n",
    },
    "keys that older YAML takes for booleans": {
        "databricks.yml": ROOT + "targets:\n  on:\n    default: true\n  no: {}\n  y: {}\n",
    },
    "text that looks like something else": {
        "databricks.yml": ROOT + "resources:\n  pipelines:\n    etl:\n      name: etl\n      configuration:\n"
        "        hex: '0x10'\n        version: '1.10'\n        when: 2024-01-01\n        word: no\n        folded: >-\n"
        "          two\n          lines\n",
    },
    "a number where text is meant": {
        "databricks.yml": ROOT
        + "resources:\n  pipelines:\n    etl:\n      name: etl\n      configuration:\n        version: 1.10\n",
    },
    "resources of targets": {
        "databricks.yml": ROOT + "resources:\n  pipelines:\n    etl: {name: etl}\n"
        "targets:\n  dev:\n    default: true\n    resources:\n      pipelines:\n        etl: {name: mine}\n",
    },
    "unicode and a byte order mark": {
        "databricks.yml": "\ufeff" + "bundle:\n  name: größe\nresources:\n  schemas:\n    å: {name: ü}\n",
    },
    "windows lines": {"databricks.yml": "bundle:\r\n  name: shop\r\ntargets:\r\n  dev:\r\n    mode: development\r\n"},
    "json": {
        "databricks.yml": ROOT + "include: [resources/*.json]\n",
        "resources/a.json": '{"resources": {"pipelines": {"a": {"name": "a", "configuration": {"k": "v"}}}}}',
    },
    "hidden files": {
        "databricks.yml": ROOT + "include: ['*.yml']\n",
        ".hidden.yml": "resources:\n  jobs:\n    hidden: {name: h}\n",
    },
    "a glob over all folders": {
        "databricks.yml": ROOT + "include: ['resources/**/*.yml']\n",
        "resources/a.yml": "resources:\n  jobs:\n    a: {name: a}\n",
        "resources/x/b.yml": "resources:\n  jobs:\n    b: {name: b}\n",
        "resources/x/y/c.yml": "resources:\n  jobs:\n    c: {name: c}\n",
    },
}

BROKEN: dict[str, dict[str, str]] = {
    "an open bracket": {"databricks.yml": ROOT + "targets: [\n"},
    "a tab": {"databricks.yml": "bundle:\n\tname: shop\n"},
    "an unknown alias": {"databricks.yml": ROOT + "targets: *nowhere\n"},
    "an included file": {"databricks.yml": ROOT + "include: [a.yml]\n", "a.yml": "resources: {\n"},
    "more than can be held": {
        "databricks.yml": ROOT
        + "x-a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        + "".join(f"x-{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)),
    },
    "an anchor in itself": {"databricks.yml": ROOT + "x-a: &a [*a]\n"},
}
"""Bundles that both must refuse."""
