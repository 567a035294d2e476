"""The searches of Abdelfattah et al. 2021 again, beside their curves, through a live service."""
