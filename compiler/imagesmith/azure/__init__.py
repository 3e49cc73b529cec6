"""The Azure side of a run: look-ups before it, and what Packer cannot do after it. Needs Azure's SDKs when called."""
