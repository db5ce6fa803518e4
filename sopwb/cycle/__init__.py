"""One pass through the flow: the list of stages, and the two ways to walk it."""
