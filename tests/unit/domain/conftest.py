"""Properties are searched without a deadline for each example, because a busy machine is no defect."""

from hypothesis import settings

settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")
