"""How well forecasts are calibrated, on simulated key results whose end is known."""
