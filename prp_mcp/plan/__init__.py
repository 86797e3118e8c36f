"""Read what a person wrote: a PRP as a plan, a pipeline's sources as facts. Pure: text in, frozen values out."""
