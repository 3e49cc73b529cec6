"""Windows machines without Windows: a WinRM listener in front of a machine that knows Packer's own commands."""
