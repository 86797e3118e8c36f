"""Read what a person wrote: a PRP as a plan. Pure: text in, frozen values out."""
