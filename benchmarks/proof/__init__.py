"""How often the gate errs: populations whose truth is known, and the gate's answers to them."""
