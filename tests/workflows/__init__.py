"""The workflows, run by act on this machine, in a fork of their own with an API on loopback."""
