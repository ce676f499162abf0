"""The wiki: pages whose every claim resolves to source lines, computed from a snapshot."""
