import pytest
import torch


@pytest.fixture(params=["auto", "loop"])
def engine(request):
    return request.param


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)
