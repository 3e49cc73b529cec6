"""An Azure on loopback, with machines: a rehearsal of a build with the real Packer and the real SDKs, without an account."""
