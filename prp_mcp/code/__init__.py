"""Read the code of a bundle, pipeline sources and YAML, as facts. Pure: text in, frozen values out; nothing is run."""
