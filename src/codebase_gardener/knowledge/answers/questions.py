"""What a question asks for: one of a table of forms, and the name in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["FORMS", "LAST", "Asked", "clean_question", "forms_of", "is_like_code", "named"]

_IS = r"(?:is|are|was|were)"
_DO = r"(?:do|does|did|can|could|may|might|will|would|should)"
_W = r"(?:which|what)"
_ERRORS = r"(?:errors?|exceptions?)"
_INPUTS = r"(?:parameters?|params?|arguments?|args?|inputs?|options?|keywords?|fields?)"
_TAKE = r"(?:take|accept|expect|receive|have|want|need|require|return|give(?: back)?|yield)"
_OUT = r"(?:return (?:type|value)|results?|outputs?)"
_OTHERS = (
    r"(?:(?:other|external|third[- ]party|runtime) )*"
    r"(?:packages?|librar(?:y|ies)|dependencies|gems?|crates?|modules?)"
)
_NEEDED = (
    r"(?:(?:runtime|required|direct|external|third[- ]party|production) )*(?:dependencies|requirements|deps)"
)
_MEANS = r"(?:with|using|from|via|by|on|through)"
_NAMED = r"(?:the )?(?:\w+ )??\S+?"
_MEMBERS = r"(?:methods?|members?|functions|attributes?|properties)"
_WANTED = rf"(?: (?:{_IS}|{_DO}|i|it|this|needed|required|supported|needs?|works?|be|used)\b.*)?"
_LEAST = r"(?:minimum|minimal|min|lowest|oldest|earliest)"
_WHICH = rf"(?:{_LEAST}|required|current|latest|supported)"
_WORKS = r"(?:runs?|works?|builds?|compiles?)"
_SELF = r"(?:it|this|the (?:project|package|library|crate|gem|module))"
_LANGUAGE = (
    r"(?P<what>[A-Za-z][A-Za-z.+#]*)(?: v?\d[\w.]*)?(?: versions?)?(?: or (?:older|newer|later|above|below))?"
)
_ASKS = rf"(?: (?:{_IS}|{_DO}|i|we|you|one|it|needed|required|need|have|has|want|to|be|installed|install))*"
_BRINGS = r"(?:for|brings?|gives?|installs?|adds?|contains?|has|holds?|with|to use|use|needs?|wants?)"
_STANDS = r"(?: (?:defined|located|implemented|declared|set|live|stand|found|kept|written|be|come from|definition))*"
_REVISION = r"(?: (?:the )?(?:(?:revision|commit|tag|branch|release|version) )?(?P<what>\S+?))?"

LAST = ("last", "latest", "newest", "most recent", "current", "previous")
"""Words for the release that was made last."""

_LAST = rf"(?:{'|'.join(LAST)})"
_RELEASE = (
    rf"(?:(?:the |this |its )?(?:{_LAST} )?(?:release|version)"
    r"|(?:(?P<part>(?!(?:the|since|after|from|version|release)\b)[A-Za-z][\w.-]*) )?"
    r"(?:the )?(?:version |release )?(?P<what>v?\d[\w.+-]*))"
)
_INHERITS = (
    r"(?:implements?|extends?|subclass(?:es)?|inherits?(?: from)?|inherit(?:s|ing)? from|derives? from|satisf(?:y|ies)"
    r"|is derived from|(?:is|are) (?:a |an )?(?:subclass(?:es)?|implementations?|kinds?) of)"
)
_HEIRS = (
    r"(?:(?:direct )?sub-?class(?:es)?|implementations?|implement[eo]rs?|child(?:ren)?(?: class(?:es)?)?"
    r"|derived (?:class(?:es)?|types?)|sub-?types?|descendants?)"
)
_NEWS = (
    r"(?:changed?|changes|new|different|added|fixed|removed|deprecated|improved|broken|breaking(?: changes)?)"
)
_WORK = (
    r"(?:(?:the|its|all|our|a|an|unit|integration|whole|full|local|single|project's) )*"
    r"(?P<what>tests?(?:[- ]suite)?|docs?|documentation|lint(?:ers?|ing)?|type[- ]?check(?:s|ers?|ing)?|benchmarks?"
    r"|coverage|formatt(?:er|ing)|pre-?commit(?: hooks)?|dev|develop(?:ment|ing)?|contribut(?:e|ing|ions?)"
    r"|work(?:ing)?(?= on))(?: on (?:it|this|the \w+))?"
    r"(?: (?:locally|here|environment|set-?up|of (?:this|the) (?:project|repository|package|library)))?"
)
_DONE = r"(?:run|execute|start|launch|build|make|render|generate|preview|serve|do|set up|check|use|install)"

FORMS: tuple[tuple[str, str], ...] = (
    ("changed", r"what(?: (?:has|have|was|were|is|are)|'s)? (?:changed|changes|new|different)"
                rf" (?:since|after|from){_REVISION}"),
    ("changed", rf"(?:{_W} )?(?:changes|differences|diff) (?:since|from|after){_REVISION}"),
    ("changed", rf"what(?: (?:has|have|was|were|is|are)|'s)? (?:changed|changes|new|different)"
                rf" since (?P<what>(?:the )?{_LAST}) (?:release|version|tag)"),
    ("release", rf"what(?: (?:has|have|was|were|is|are|got)|'s)?(?: the)? {_NEWS}(?: (?:in|with|by|of|for))?"
                rf" {_RELEASE}"),
    ("release", r"what(?:(?: is|'s) new|(?: has|'s)? changed)(?: (?:recently|lately))?(?P<what>)"),
    ("release", r"(?:(?:show|list|give)(?: me)? |what (?:are|is|were) )?(?:the )?(?:latest |last |recent |newest )?"
                rf"(?:changes|release notes?|change-?log)(?: (?:in|of|for|from) {_RELEASE})?"),
    ("release", r"(?:what (?:is|are|was) (?:the )?)?(?P<what>unreleased|upcoming)(?: changes)?"),
    ("release", r"what(?: is| are|'s)? (?:will (?:be new|change)|new|coming|changes) in (?:the )?(?P<what>next)"
                r" (?:release|version)"),
    ("released", rf"when (?:was|is|did) {_RELEASE}(?: (?:be )?(?:released|published|tagged|made|out|come out))?"),
    ("released", rf"what (?:is|was) the {_LAST} release(?P<what>)"),
    ("needs", rf"(?:what|which(?: \w+)? (?:packages?|dependencies|requirements|tools|extras?|groups?|libraries))"
              r"(?: (?:do|does|must|should|has|have|is|are|i|we|you|one|it|to|be|install|installed|need|needed"
              rf"|required|want))* (?:for|to)(?: {_DONE})? {_WORK}"),
    ("needs", rf"which (?:extras?|groups?|packages?|dependencies|requirements) {_DO} {_WORK}"
              r" (?:need|require|want|use)"),
    ("needs", rf"what {_DO} {_WORK} (?:need|require)"),
    ("needs", rf"(?:which \w+ (?:has|have|holds?|brings?|installs?|contains?)|what are) {_WORK}"
              r" (?:dependencies|requirements|packages|tools)"),
    ("work", r"how(?: (?:do|does|can|could|should|would|to|must|is|are))?(?: (?:i|we|you|one|people|someone))?"
             rf"(?: {_DONE})? (?:for )?{_WORK}(?: (?:run|executed|built|started|tested|done|made))?"),
    ("work", r"how(?: (?:do|does|can|could|should|would|to))?(?: (?:i|we|you|one))? (?P<what>build|compile)"
             r"(?: (?:it|this|the (?:project|package|library|code|repository)))?(?: from source)?"),
    ("work", rf"{_W} (?:make |npm )?(?:command|script|target|task)s? (?:runs?|executes?|builds?|starts?|{_DO} i use to"
             rf" {_DONE}|is used to {_DONE}) {_WORK}"),
    ("dependencies", rf"(?:{_W} (?:{_IS}|{_DO}) |list |show )?(?:the |its |all )+{_NEEDED}"
                     rf"(?: (?:(?:of|for|{_DO}) )?(?P<what>.+?))??(?: (?:have|has|need|needs|require))?"),
    ("dependencies", rf"(?:{_W} (?:{_IS}|{_DO}) |list |show )?{_NEEDED} (?:of|for|{_DO}) (?P<what>.+?)"
                     r"(?: (?:have|has|need|needs|require))?"),
    ("dependencies", rf"{_W}(?: {_OTHERS})? {_DO} (?P<what>.+?) (?:depend (?:up)?on|need installed|pull in|install)"),
    ("dependencies", rf"{_W} {_OTHERS} {_DO} (?P<what>.+?) (?:need|require|use|want)"),
    ("dependencies", rf"{_DO} (?P<what>{_SELF}) have (?:any |no |other )*{_NEEDED}"),
    ("dependencies", rf"{_W} {_NEEDED} {_DO} (?P<what>{_SELF}) (?:have|need|use|pull in)"),
    ("dependencies", rf"what {_DO} (?P<what>{_SELF}) depend (?:up)?on"),
    ("install", rf"how(?: (?:{_DO}|{_IS}|to|must))?(?: (?:i|we|you|one|people|someone))?"
                rf" (?P<part>install|get|obtain|download)(?: (?!{_MEANS} )(?P<what>.+?))?(?: {_MEANS} .+)?"),
    ("install", rf"how {_IS} (?P<what>.+?) installed"),
    ("install", rf"how(?: (?:{_DO}|to))?(?: (?:i|we|you|one))? (?P<part>add) (?P<what>.+?)"
                r" (?:to|as a dependency (?:of|to|in)) (?:my|our|a|an|the)"
                r" (?:own )?(?:project|app(?:lication)?|package|crate|program|code|build"
                r"|dependencies|[\w.]+ file|\w+\.\w+)"),
    ("install", r"(?:what(?: is|'s) |show )?(?:the )?install(?:ation| command| instructions| steps| guide)"
                r"(?: (?:command|instructions|steps|guide))?(?: (?:for|of) (?P<what>.+))?"),
    ("import", rf"how(?: (?:{_DO}|to))?(?: (?:i|we|you|one))? import (?P<what>{_NAMED})"),
    ("import", rf"how (?:{_IS}|should|can|must) (?P<what>{_NAMED}) (?:be )?imported"),
    ("import", rf"(?:from )?(?:where|{_W} (?:module|package|path|file))(?: {_DO})?(?: (?:i|we|you|one))?"
               rf" import (?P<what>{_NAMED})(?: from)?"),
    ("import", rf"(?:{_W} {_IS} )?(?:the )?import(?: (?:path|statement|line))? (?:of|for) (?P<what>{_NAMED})"),
    ("switches", rf"{_W} (?P<what>features?) {_DO} (?P<part>\S+) (?:have|offer|provide)"),
    ("switches", rf"(?:{_W} |(?:list|show)(?: me)? |are there |{_DO} (?:{_SELF}|\S+) (?:have|offer) )?(?:(?:{_IS}) )?"
                 r"(?:the |all |any |its |optional )*"
                 r"(?:(?:cargo|crate|compile[- ]time|go) )?"
                 r"(?P<what>(?:feature|build|compile)(?: flags?| tags?)|features?)"
                 rf"(?: (?:{_IS}|{_DO}|it|i|this|the \w+|there|can|set|of|for|have|has|offer|use|enable|activate|switch"
                 r"|turn|on|exist|available|supported|support|crate|library|package|project))*"),
    ("extra", rf"(?:{_W} |(?:list|show)(?: me)? |are there |{_DO} (?:{_SELF}|\S+) have )?(?:the |all |any |its )*"
              r"(?:optional (?:dependencies|packages|extras?|requirements)|extras?)"
              rf"(?: (?:exist|available|there|{_IS}|{_DO}|i|we|it|this|be|install|installed|use|have|has|offer|add))*"
              r"(?P<what>)"),
    ("extra", rf"{_W} extras? {_DO} (?P<what>.+?) (?:need|require|want|use)"),
    ("extra", rf"{_W} (?:extras?|features?){_ASKS} {_BRINGS} (?P<what>.+)"),
    ("extra", r"what (?:does|is in) (?:the )?extra (?P<what>\S+)(?: (?:install|bring|add|need|contain))?"),
    ("since", rf"(?:since|from|in) {_W} version(?: (?:is|was|has|does|can))?(?: there)? (?P<what>.+?)"
              r"(?: (?:there|added|available|deprecated|exist|removed|changed))*"),
    ("since", r"when (?:was|is|did|will) (?P<what>.+?) (?:be )?(?:added|deprecated|introduced|removed|changed|appear)"),
    ("since", r"(?:is|was) (?P<what>.+?) deprecated"),
    ("since", rf"{_W} (?:\w+ ){{0,8}}(?:replaces|instead of|in place of) (?P<what>\S+)"),
    ("version", rf"(?:{_W}|what's the) (?:{_IS} the )?(?:{_WHICH} )*versions? of (?P<what>[\w.@/\- ]+?){_WANTED}"),
    ("version", rf"(?:{_W}|what's the) (?:{_IS} the )?(?:{_WHICH} )*(?P<what>[\w.@/\-]+) versions?{_WANTED}"),
    ("version", rf"(?:the )?(?:{_WHICH} )+(?P<what>[\w.@/\-]+) versions?"),
    ("version", rf"(?:(?:{_W} {_IS}|what's) )?the (?:{_WHICH} )*{_LEAST} (?:{_WHICH} )*(?P<what>[\w.+#-]+)"
                rf"(?: (?:{_WORKS}|that|{_SELF}|{_DO}|i|needed|required|supported|needs?|be|use|used|with|on))*"),
    ("version", rf"{_W} (?P<what>[\w.+#-]+) (?:{_DO} (?:i|we|you|one|{_SELF}) (?:need|require|have to have|want)"
                rf"|{_IS} (?:needed|required|supported)|{_DO} {_SELF} (?:need|require|support|run on|work with))"
                r"(?: at least)?"),
    ("version", r"what(?: is|'s) (?:the |its )?(?P<what>msrv)"),
    ("runs", rf"{_DO} {_SELF} (?:still )?(?:{_WORKS}|be used|be installed) (?:on|with|under|in|for) {_LANGUAGE}"),
    ("runs", rf"(?:can|could|do|may) i (?:still )?(?:use|run|install) {_SELF} (?:on|with|under|in) {_LANGUAGE}"),
    ("runs", rf"{_DO} {_SELF} (?:still )?(?:support|need|require) {_LANGUAGE}"),
    ("runs", rf"{_IS} {_LANGUAGE} (?:still )?(?:supported|enough|required|needed)"),
    ("version", rf"{_W} (?:{_IS} the )?(?:{_WHICH} )?version"
                r"(?: (?:is|of) (?:this|it|the (?:project|package)))?(?P<what>)"),
    ("raised", r"(?:what|who|when|where|which \w+) (?:(?:can|may|might|would) )?(?:raises?|throws?) (?P<what>.+)"),
    ("raised", rf"(?:when|where|why|by what) (?:{_IS}|does|can|will) (?P<what>.+?) (?:be |get )?(?:raised|thrown)"),
    ("raises", rf"{_W} (?:{_ERRORS} )?{_DO} (?P<what>.+?) (?:raise|throw)"),
    ("raises", rf"(?:when|why|how|where) {_DO} (?P<what>.+?) (?:raise|throw|panic)(?: an? {_ERRORS}| on)?"),
    ("raises", rf"(?:{_DO}) (?P<what>.+?) (?:ever )?(?:raise|throw|panic)"),
    ("raises", rf"{_W} (?:kinds? of )?{_ERRORS} {_DO} (?P<what>.+?)"
               r" (?:return|give|yield|produce|fail with)"),
    ("raises", rf"(?:(?:{_W}|how|when|why) )?{_DO} (?P<what>.+?) (?:ever )?"
               rf"(?:fail|(?:return|raise|throw) (?:an? |any )?{_ERRORS})(?: with| and (?:how|with what|why))?"),
    ("raises", rf"{_W} {_ERRORS} (?:come|are raised|are thrown) (?:from|by|in) (?P<what>.+)"),
    ("error", rf"{_W} (?:(?:kind|sort|type)s? of )?{_ERRORS}(?: (?:types?|class(?:es)?|{_IS}|{_DO}|i|you|we|one|it"
              r"|there|be|gets?|raised|thrown|returned|given|reported|comes?|occurs?|happens?|signals?|means?|says?|stands?|expect|catch))*"
              r" (?:for|on|if|when|that|about) (?P<what>.+)"),
    ("error", rf"what {_IS} (?:raised|thrown) (?:if|when|on|for) (?P<what>.+)"),
    ("callers", r"(?:who|what|which \w+) (?:else )?(?:calls?|uses?|invokes?|instantiates?|imports?|depends? on|needs?)"
                r" (?P<what>.+)"),
    ("callers", rf"(?:where|when|from where|by wh(?:om|at)) {_IS} (?P<what>.+?)"
                r" (?:called|used|invoked|instantiated|imported)(?: from)?"),
    ("callers", r"(?:callers|users|uses|usages) of (?P<what>.+)"),
    ("parameter", rf"(?:what(?:'s| is) )?(?:the )?(?:default|type)(?: value)? (?:of|for) (?:the )?(?:{_INPUTS} )?"
                  r"(?P<part>\S+) (?:of|in|for) (?P<what>.+)"),
    ("heirs", rf"(?:{_W}(?: \w+)?|who|does anything|is there (?:a |any )?(?:class|type) that) {_INHERITS}"
              r" (?P<what>.+)"),
    ("heirs", rf"{_W} {_IS} (?:the )?{_HEIRS} of (?P<what>.+)"),
    ("heirs", rf"(?:(?:list|show)(?: me)? |are there )?(?:the |all |any )*{_HEIRS} of (?P<what>.+)"),
    ("heirs", rf"{_W} {_HEIRS} {_DO} (?P<what>.+?) have"),
    ("heirs", rf"{_W} {_HEIRS} (?:{_IS} there )?of (?P<what>.+?)(?: exist| are there)?"),
    ("heirs", rf"(?:by what|by whom|where|by which \w+) {_IS} (?P<what>.+?)"
              r" (?:implemented|extended|subclassed)(?: by)?"),
    ("bases", rf"{_W}(?: \w+)? {_DO} (?P<what>.+?) (?:inherit(?: from)?|derive from|extend|implement|subclass)"),
    ("bases", rf"{_W}(?: [\w-]+){{0,3}} {_IS} (?P<what>\S+) (?:a |an )?(?:direct )?(?:sub-?class|child|kind|heir) of"),
    ("bases", rf"(?:{_W} {_IS} )?(?:the )?(?:base|parent|super)[ -]?class(?:es)? of (?P<what>.+)"),
    ("members", rf"(?:{_W} |(?:list|show)(?: me)? )?(?:the |all |public )*(?P<part>{_MEMBERS}) {_DO} (?P<what>.+?)"
                r" (?:have|has|define|offer|provide|expose|support)"),
    ("members", rf"(?:(?:{_W} {_IS}|list|show)(?: me)? )?(?:the |all |public )*(?P<part>{_MEMBERS}) (?:of|on|in)"
                r" (?P<what>.+)"),
    ("takes", rf"{_W}(?: kind of)?(?: {_INPUTS})? {_DO} (?P<what>.+?) {_TAKE}(?: (?:and|or) {_TAKE})?"),
    ("takes", rf"(?:{_W} {_IS} )?(?:the )?(?:signature|{_INPUTS}|{_OUT})(?: and {_OUT})? (?:of|for|to) (?P<what>.+)"),
    ("takes", r"what is returned by (?P<what>.+)"),
    ("variables", rf"(?:{_W} |(?:list|show)(?: me)? |are there )?(?:the |any )?"
                  r"(?P<what>environment variables|env vars?)"
                  rf"(?: (?:{_IS}|{_DO}|it|i|this|the \w+|there|can|set|read|reads|use|uses|used|know|understand|exist"
                  r"|supported|support|need))*"),
    ("errors", rf"(?:{_W} |list |show )?(?:the |all |own |custom )*(?P<what>{_ERRORS})(?: classes| types)?"
               r"(?: (?:are|there|exist|defined|does|do|it|this|the library|have|has|define|can|may|raise|throw|by))*"),
    ("depends", rf"{_DO} (?:it|this|the (?:project|package|library|repository)) (?:depend on|need|require|use|import)"
                r" (?P<what>\S+)"),
    ("part", rf"(?:where {_IS}|{_W} (?:folder|directory|files?) (?:has|have|holds?|contains?|{_IS}))(?: all)?"
             r" (?:the |its )?(?:unit )?(?P<what>tests?|examples?|docs|documentation|benchmarks?|scripts)"
             r"(?: (?:in|found|located|kept|files|code|suite|folder))*"),
    ("licence", rf"(?:(?:under )?{_W}(?: {_IS}| kind of| sort of)?(?: the| its)? |the )?(?P<what>licen[cs]e)"
                r"(?: (?:is|of|does|for|it|this|that|the|under|have|has|use|project|package|library"
                r"|repository|code))*"),
    ("licence", r"(?:how|where) is (?:it|this|the \w+) (?P<what>licen[cs]ed)"),
    ("where", rf"(?:where|in {_W} (?:file|module|package|place|line)s?)"
              rf"(?: {_IS}| {_DO}(?: (?:i|we|one|you) (?:find|see))?|'s) (?P<what>.+?){_STANDS}"),
    ("where", rf"{_W} (?:file|module|package) (?:defines?|contains?|holds?|has|implements?|declares?) (?P<what>.+)"),
    ("where", r"(?:find|locate) (?P<what>.+)"),
    ("what", r"(?:what(?: (?:is|are)|'s)? |explain )?(?:the )?differences? between (?P<what>.+?)"
             r" and (?P<part>.+)"),
    ("what", rf"(?:how|in what way) {_DO} (?P<what>.+?) differ from (?P<part>.+)"),
    ("what", r"(?P<what>[^ ]+) (?:vs\.?|versus) (?P<part>[^ ]+)"),
    ("how", r"how(?: (?:do|does|can|could|should|would|to|must))?(?: (?:i|we|you|one|people|someone))? (?P<what>.+)"),
    ("what", rf"what {_IS} (?P<what>\S+?)(?:'s|’s) value"),
    ("what", rf"(?:(?:what|who) {_IS}|what's) (?P<what>.+?)(?: (?:good for|used for|for|about))?"),
    ("what", rf"what {_IS} (?:the )?value of (?P<what>\S+)"),
    ("what", r"what does (?P<what>.+?) (?:do|enable|activate|switch on|turn on)"),
    ("what", r"(?:describe|explain|tell me about|show(?: me)?) (?P<what>.+)"),
    ("what", r"(?P<what>`[^`]+`|[\w.:]+(?:\(\))?)"),
)  # fmt: skip
"""A question's form, and the words that have it; the first whose name is one of the repository answers."""

_COMPILED = tuple((form, re.compile(pattern, re.IGNORECASE)) for form, pattern in FORMS)
_KINDS = {
    "class": "class", "function": "function", "method": "method", "module": "file", "file": "file",
    "constant": "constant", "interface": "interface", "type": "type", "struct": "type", "exception": "class",
    "error": "class", "constructor": "class", "decorator": "function", "property": "method", "variable": "constant",
    "macro": "macro",
    "parameter": "", "argument": "", "feature": "", "flag": "", "tag": "",
    "package": "file", "extra": "", "symbol": "", "name": "", "object": "",
}  # fmt: skip
_ARTICLE = re.compile(r"(?:the|a|an|this|its?|our|my)\s+", re.IGNORECASE)
_MEMBER_OF = re.compile(
    r"(?P<member>(?!(?:default|type|value)\s)\S+)\s+(?:of|in|on|from)\s+(?:the\s+)?(?P<owner>\S+)(?:\s+class)?",
    re.IGNORECASE,
)
_OWNER_OF = re.compile(r"(?P<owner>\S+?)(?:'s|’s)\s+(?P<member>\S+)")
_LIKE_CODE = re.compile(r"_|\w[./]\w|[a-z][A-Z]|[A-Z]{2}[a-z]")
_CODE = re.compile(r"`+([^`]+)`+")
_BESIDES = re.compile(
    r",? (?:in particular|in that case|by default|if|when|while|unless|for)\b.*", re.IGNORECASE
)
"""What a question says of when and for what it is asked: the graph answers it without."""
_LONGEST = 300  # characters of a question that asks for one thing


@dataclass(frozen=True)
class Asked:
    """A question that was understood.

    Attributes:
        form: "where", "what", "takes", "parameter", "callers", "raises", "raised", "since", "version", "extra",
            "dependencies", "install", "import", "runs", "how", "changed", "release", "released", "needs", "work",
            "heirs", "bases", "members", "part", "licence", "variables", "errors", "error", "depends".
        what: The name as written, without articles, marks and parentheses.
        kind: Of the definition, where the question says so; "".
        part: The parameter that is asked for; what it is compared with; "".
    """

    form: str
    what: str
    kind: str = ""
    part: str = ""

    @property
    def is_name(self) -> bool:
        """Whether what is asked for can only be a name: then one that is not there is told as such."""
        if not self.what or " " in self.what:
            return False
        if self.form in (
            "release",
            "released",
            "needs",
            "work",
            "dependencies",
            "install",
            "switches",
            "error",
            "runs",
        ):
            return False
        return self.form not in ("what", "how") or is_like_code(self.what)


def is_like_code(name: str) -> bool:
    """Whether a name can be no word of prose: it has a `_`, a dot, or a capital inside."""
    return bool(_LIKE_CODE.search(name))


def clean_question(question: str) -> str:
    """The question on one line.

    Raises:
        InvalidInputError: It is empty, or has characters that are not seen.
    """
    text = re.sub(r"[\t\r\n]+", " ", question)
    for character in text:
        if (
            unicodedata.category(character) in ("Cc", "Cs", "Cn", "Co")
            or character in "\u202a\u202b\u202c\u202d\u202e"
        ):
            raise InvalidInputError(
                f"the question has the control character U+{ord(character):04X}", hint="write it without"
            )
    text = re.sub(r"\s+", " ", text).strip()
    if not re.search(r"\w", text):
        raise InvalidInputError("the question is empty", hint='ask, for example: "where is NAME defined?"')
    return text


def forms_of(question: str) -> list[Asked]:
    """The forms that a question may have, the likeliest first.

    Example:
        >>> [(asked.form, asked.what) for asked in forms_of("Where is the class `Plant` defined?")][:1]
        [('where', 'Plant')]
    """
    text = question.strip(" ?!.").replace("’", "'")
    shorter = _BESIDES.sub("", text)
    return list(
        dict.fromkeys(
            (*_forms_of(text), *(one for one in _forms_of(shorter) if _is_written(one.what, shorter)))
        )
    )


def _is_written(name: str, text: str) -> bool:
    """Whether a text writes a name as code, and not as a word of prose."""
    return is_like_code(name) or f"`{name}" in text or f" {name}(" in text


def _forms_of(text: str) -> list[Asked]:
    found: list[Asked] = []
    for form, pattern in _COMPILED if len(text) <= _LONGEST else ():
        match = pattern.fullmatch(text)
        if match:
            groups = match.groupdict()
            words, part = groups.get("what") or "", named(groups.get("part") or "")[0]
            what, kind = named(words) if form != "error" else (words, "")  # it is told in plain words
            whole = (
                [Asked(form, _ARTICLE.sub("", words, count=1), "", part)] if kind else []
            )  # "the key error"
            found += [asked for asked in (*whole, Asked(form, what, kind, part)) if asked not in found]
    return found


def named(words: str) -> tuple[str, str]:
    """A name without what stands around it, and the kind that it is said to be.

    Example:
        >>> named("the method `save()` of Plant"), named("Plant's save method"), named("the class Plant")
        (('Plant.save', 'method'), ('Plant.save', 'method'), ('Plant', 'class'))
    """
    code = _CODE.findall(words)
    text, kind = _ARTICLE.sub("", words.replace("`", ""), count=1).strip(" ,;:\"'"), ""
    parts = text.split()
    if len(parts) > 1 and parts[0].lower() in _KINDS:
        kind = _KINDS[parts.pop(0).lower()]
    elif len(parts) > 1 and parts[-1].lower() in _KINDS:
        kind = _KINDS[parts.pop().lower()]
    text = " ".join(parts)
    member = _MEMBER_OF.fullmatch(text) or _OWNER_OF.fullmatch(text)
    if member:
        text = f"{_bare(member['owner'])}.{_bare(member['member'])}"
    elif len(code) == 1:
        text = code[0]
    return _bare(text), kind


def _bare(name: str) -> str:
    """A name without its call and without what other languages put between a type and its member."""
    return re.sub(r"::|#", ".", re.sub(r"\(.*\)$|^[@$]", "", name.strip(" .,:;!\"'")))
