"""One module a stage: files and parameters in, files out; no clock, no network, no registry."""
