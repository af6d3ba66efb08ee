"""From survey deliveries to gated, versioned releases.

The rooms of the package and what each may import stand in docs/; nothing is imported here, so that
`rcs --help` stays fast.
"""

__version__ = "0.1.0"
