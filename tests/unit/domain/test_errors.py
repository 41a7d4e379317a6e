import pytest

from okrbridge.errors import ConfigurationError, DefinitionError, Fault, NotFoundError, OkrbridgeError, UnitError


def test_a_fault_reads_as_place_path_and_message():
    assert str(Fault("slo.yaml", 3, 5, "spec.target", "1.0 leaves no budget")) == (
        "slo.yaml:3:5: spec.target: 1.0 leaves no budget"
    )
    assert str(Fault("slo.yaml", 1, 1, "", "empty document")) == "slo.yaml:1:1: empty document"


def test_all_faults_are_told_in_reading_order():
    later, earlier = Fault("b.yaml", 1, 1, "", "second"), Fault("a.yaml", 12, 1, "", "first")
    error = DefinitionError([later, earlier])
    assert error.faults == (earlier, later)
    assert str(error) == "a.yaml:12:1: first\nb.yaml:1:1: second"


def test_a_missing_name_offers_the_nearest_one():
    assert str(NotFoundError("SLO", "apii", close=["api"])) == "there is no SLO named 'apii'; did you mean 'api'?"
    assert str(NotFoundError("SLO", "apii")) == "there is no SLO named 'apii'"


@pytest.mark.parametrize("kind", [UnitError, DefinitionError])
def test_what_was_declared_wrongly_is_a_configuration_error(kind):
    assert issubclass(kind, ConfigurationError)
    assert issubclass(kind, OkrbridgeError)
