"""An Azure on loopback, with machines: a rehearsal with the real Packer and SDKs, without an account."""
