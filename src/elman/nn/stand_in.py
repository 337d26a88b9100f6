"""Classes that replace those of ``torch.nn``, even where code compares a module's exact class."""

from abc import ABCMeta
from typing import Any

from torch import fx, nn

__all__ = ["StandIn", "as_leaf", "as_torch", "torch_type"]


class StandIn(ABCMeta):
    """The type of a class that equals the ``torch.nn`` class it replaces.

    ``quantize_dynamic``, FLOP counters and initialisers test ``type(module) == nn.LSTM`` or look up ``{nn.LSTM:
    ...}[type(module)]``, which skips a subclass silently. So ``elman.nn.LSTM == torch.nn.LSTM``, and their hashes are
    equal. A user's subclass equals only itself, as a subclass of ``torch.nn.LSTM`` does.

    This metaclass derives from ``ABCMeta`` so that a user's class can inherit from a layer and an abstract class.
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
    """Return a ``torch.nn`` layer that shares all attributes with this one, for ``torch.jit.script`` to compile.

    Scripting a model replaces the layer in the model itself by the ``torch.nn`` layer, because
    ``__prepare_scriptable__`` always does so: script a deep copy to keep calling the original with ``lengths``.
    """
    kind = torch_type(layer)
    twin = kind.__new__(kind)
    twin.__dict__.update(layer.__dict__)
    return twin


def as_leaf(layer: nn.Module, x: fx.Proxy, hx: Any, lengths: Any, resets: Any) -> fx.Proxy:
    """Record a call of a layer as one node of a ``torch.fx`` graph, as for ``torch.nn``'s layers."""
    arguments = (x,) if hx is None else (x, hx)
    given = {"lengths": lengths, "resets": resets}
    options = {name: value for name, value in given.items() if value is not None}
    tracer: Any = x.tracer
    return tracer.create_proxy("call_module", tracer.path_of_module(layer), arguments, options)
