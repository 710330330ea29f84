"""From values to something a person wants to look at: page, card, plots, the end of a run."""
