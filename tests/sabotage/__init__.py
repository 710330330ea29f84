"""The proof of the gate: planted faults that it must catch, equal models that it must let be."""
