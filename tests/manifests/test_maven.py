from __future__ import annotations

from samples.manifests import everything, read, rows

POM = """\
<project>
  <groupId>org.x</groupId>
  <artifactId>app</artifactId>
  <properties><java.version>17</java.version><j.v>2.15</j.v></properties>
  <dependencies>
    <!-- <dependency><artifactId>no</artifactId></dependency> -->
    <dependency>
      <groupId>org.j</groupId>
      <artifactId>json</artifactId>
      <version>${j.v}</version>
      <exclusions><exclusion><artifactId>z</artifactId></exclusion></exclusions>
    </dependency>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId><scope>test</scope></dependency>
  </dependencies>
</project>
"""


def test_pom_xml() -> None:
    assert everything("pom.xml", POM) == [
        ("runtime", "", "Java", ">=17", 4),
        ("requirement", "", "org.j:json", "2.15", 7),
        ("group", "test", "junit:junit", "", 13),
    ]


def test_gradle() -> None:
    text = "dependencies {\n  implementation 'a.b:c:1.0'\n  testImplementation(\"j:u:4\")\n}\n"
    assert rows("build.gradle", text, "requirement") == [("", "a.b:c", "1.0", 2)]
    assert rows("build.gradle.kts", text, "group") == [("test", "j:u", "4", 3)]


def test_entities_are_not_looked_at() -> None:
    bomb = '<!DOCTYPE p [<!ENTITY a "1">]>' + POM.replace("2.15", "&a;" * 50)
    assert everything("pom.xml", bomb) == []


def test_up_to_an_error_it_is_read() -> None:
    found = read("pom.xml", POM.replace("<dependency><groupId>junit", "<dependency><groupId>junit<<"))
    assert (found.name.text, found.name.start) == ("org.x:app", 3)
    assert [each.name for each in found.dependencies if each.kind == "requirement"] == ["org.j:json"]


def test_the_last_line_of_a_dependency() -> None:
    found = read("pom.xml", POM).dependencies
    assert [(each.name, each.start, each.end) for each in found][1:] == [
        ("org.j:json", 7, 12),
        ("junit:junit", 13, 13),
    ]


def test_its_address_is_that_of_scm() -> None:
    text = "<p><url>https://a.org</url><scm><url>https://github.com/acme/kiln</url></scm></p>".replace(
        "p>", "project>"
    )
    assert read("pom.xml", text).urls == (("repository", "https://github.com/acme/kiln"),)


def test_a_module_has_its_group_and_version_from_its_parent() -> None:
    text = "<project><parent><groupId>g</groupId>\n<version>2</version></parent>\n<artifactId>a</artifactId></project>"
    found = read("pom.xml", text)
    assert (found.name.text, found.name.start) == ("g:a", 3)
    assert (found.version.text, found.version.start) == ("2", 2)
