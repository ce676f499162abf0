"""Interfaces of Go's standard library, that types of a repository fulfil without naming them."""

from __future__ import annotations

__all__ = ["LIBRARY_INTERFACES"]

_READ, _WRITE = "([]byte)(int,error)", "([]byte)(int,error)"

LIBRARY_INTERFACES: dict[str, dict[str, str]] = {
    "error": {"Error": "()(string)"},
    "fmt.Stringer": {"String": "()(string)"},
    "fmt.GoStringer": {"GoString": "()(string)"},
    "fmt.Formatter": {"Format": "(fmt.State,rune)()"},
    "io.Reader": {"Read": _READ},
    "io.Writer": {"Write": _WRITE},
    "io.Closer": {"Close": "()(error)"},
    "io.Seeker": {"Seek": "(int64,int)(int64,error)"},
    "io.ReaderAt": {"ReadAt": "([]byte,int64)(int,error)"},
    "io.WriterAt": {"WriteAt": "([]byte,int64)(int,error)"},
    "io.ReaderFrom": {"ReadFrom": "(io.Reader)(int64,error)"},
    "io.WriterTo": {"WriteTo": "(io.Writer)(int64,error)"},
    "io.StringWriter": {"WriteString": "(string)(int,error)"},
    "io.ByteReader": {"ReadByte": "()(byte,error)"},
    "io.ByteWriter": {"WriteByte": "(byte)(error)"},
    "io.ReadWriter": {"Read": _READ, "Write": _WRITE},
    "io.ReadCloser": {"Read": _READ, "Close": "()(error)"},
    "io.WriteCloser": {"Write": _WRITE, "Close": "()(error)"},
    "io.ReadWriteCloser": {"Read": _READ, "Write": _WRITE, "Close": "()(error)"},
    "io.ReadSeeker": {"Read": _READ, "Seek": "(int64,int)(int64,error)"},
    "sort.Interface": {"Len": "()(int)", "Less": "(int,int)(bool)", "Swap": "(int,int)()"},
    "flag.Value": {"String": "()(string)", "Set": "(string)(error)"},
    "flag.Getter": {"String": "()(string)", "Set": "(string)(error)", "Get": "()(interface{})"},
    "sync.Locker": {"Lock": "()()", "Unlock": "()()"},
    "encoding.TextMarshaler": {"MarshalText": "()([]byte,error)"},
    "encoding.TextUnmarshaler": {"UnmarshalText": "([]byte)(error)"},
    "encoding/json.Marshaler": {"MarshalJSON": "()([]byte,error)"},
    "encoding/json.Unmarshaler": {"UnmarshalJSON": "([]byte)(error)"},
    "net/http.Handler": {"ServeHTTP": "(net/http.ResponseWriter,*net/http.Request)()"},
    "net/http.Flusher": {"Flush": "()()"},
    "net/http.Hijacker": {"Hijack": "()(net.Conn,*bufio.ReadWriter,error)"},
    "net/http.CloseNotifier": {"CloseNotify": "()(<-chan bool)"},
    "net/http.ResponseWriter": {
        "Header": "()(net/http.Header)", "Write": _WRITE, "WriteHeader": "(int)()",
    },
}  # fmt: skip
"""By whole name, as https://pkg.go.dev/std has them: each method with the types of its parameters and results."""
