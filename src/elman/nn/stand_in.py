"""Classes that stand in for those of ``torch.nn``, also where code looks a module up by its exact class."""

from abc import ABCMeta
from typing import Any

from torch import fx, nn

__all__ = ["StandIn", "as_leaf", "as_torch", "torch_type"]


class StandIn(ABCMeta):
    """The type of a class that equals the ``torch.nn`` class it replaces.

    ``quantize_dynamic``, FLOP counters and recipes for initial values ask ``type(module) == nn.LSTM`` or look in
    ``{nn.LSTM: ...}``; they skip a subclass silently. So ``elman.nn.LSTM == torch.nn.LSTM``, and their hashes are
    equal. A subclass that a user writes equals itself alone, as a subclass of ``torch.nn.LSTM`` does.

    It derives from ``ABCMeta`` only so that a user's class may inherit from a layer and from an abstract class.
    """

    __instancecheck__ = type.__instancecheck__  # ABCMeta's caches look classes up by equality
    __subclasscheck__ = type.__subclasscheck__

    def __eq__(cls, other: Any) -> bool:
        return _key(cls) is _key(other)

    def __hash__(cls) -> int:
        return type.__hash__(_key(cls))


def _key(cls: Any) -> Any:
    return cls.__base__ if isinstance(cls, StandIn) and cls.__base__.__module__ == "torch.nn.modules.rnn" else cls


def torch_type(layer: nn.Module) -> type[nn.RNNBase]:
    """Return the ``torch.nn`` class that a layer's class derives from."""
    return next(one for one in type(layer).__mro__ if one.__module__ == "torch.nn.modules.rnn")


def as_torch(layer: nn.RNNBase) -> nn.RNNBase:
    """Return a ``torch.nn`` layer sharing everything with this one, for ``torch.jit.script`` to compile.

    Scripting a model leaves the ``torch.nn`` layer in the model's own place, as ``__prepare_scriptable__``
    always does: script a deep copy to keep calling the original with ``lengths``.
    """
    kind = torch_type(layer)
    twin = kind.__new__(kind)
    twin.__dict__.update(layer.__dict__)
    return twin


def as_leaf(layer: nn.Module, x: fx.Proxy, hx: Any, lengths: Any) -> fx.Proxy:
    """Record a call of a layer as one node of the graph that ``torch.fx`` traces, as it records torch.nn's layers."""
    arguments = (x,) if hx is None else (x, hx)
    options = {} if lengths is None else {"lengths": lengths}
    tracer: Any = x.tracer
    return tracer.create_proxy("call_module", tracer.path_of_module(layer), arguments, options)
