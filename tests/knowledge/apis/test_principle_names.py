"""Names of pages: of an API's, and of what it does."""

import pytest

from codebase_gardener.knowledge.apis.principle_names import page_names, principle_words
from codebase_gardener.knowledge.links.resolution import Target


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("LoraConfig", "class", "Lora_Configuration"),
        ("PeftModel.save_pretrained", "method", "Peft_Model_Saving"),
        ("get_peft_model", "maker", "Peft_Model_Creation"),
        ("get_name", "function", "Name_Retrieval"),
        ("prepare_model_for_kbit_training", "function", "Model_Preparation_For_Kbit_Training"),
        ("Tuner.merge_and_unload", "method", "Tuner_Merge_And_Unload"),
        ("is_ready", "function", "Ready_Check"),
        ("transformers.Trainer.train", "external", "Trainer_Training"),
        ("accelerate launch", "command", "Accelerate_Launch_Command"),
        ("frobnicate", "function", "Frobnicate"),
        ("from_str", "function", "From_Str"),
        ("Config.from_file", "method", "Config_Creation_From_File"),
        ("App.get", "method", "App_Get"),
        ("Cart.add", "method", "Cart_Add"),
        ("Cart.add_item", "method", "Cart_Item_Addition"),
        ("Context.Logger", "method", "Context_Logger"),
        ("NewHandler", "function", "New_Handler"),
        ("Error", "function", "Error"),
    ],
)
def test_principles_are_named_by_rule(name: str, kind: str, words: str) -> None:
    assert principle_words(name, kind) == words


def test_names_that_collide_get_a_suffix() -> None:
    same = [(Target("src/a/x.py", "load"), "function"), (Target("src/b/y.py", "load"), "function")]
    assert page_names(same) == [("load_of_x", "Loading_of_x"), ("load_of_y", "Loading_of_y")]
    module = [(Target("j.py", "make"), "function"), (Target("j.py", "create"), "function")]
    assert [principle for _, principle in page_names(module)] == ["Creation_by_make", "Creation_by_create"]
    case = [(Target("a.py", "Load"), "class"), (Target("a.py", "load_init"), "function")]
    pages = [page.lower() for page, _ in page_names(case)]
    assert len(set(pages)) == 2


def test_a_method_that_is_called_like_a_function_is_told_apart_by_its_class() -> None:
    both = [(Target("kiln.go", "Fire"), "function"), (Target("kiln.go", "Kiln.Fire"), "method")]
    assert [principle for _, principle in page_names(both)] == ["Fire", "Kiln_Fire"]
    more = [*both, (Target("oven.go", "Oven.Fire"), "method"), (Target("oven/oven.go", "Fire"), "function")]
    named = [principle for _, principle in page_names(more)]
    assert named == ["Fire_of_kiln", "Kiln_Fire", "Oven_Fire", "Fire_of_oven"]


def test_the_main_entry_point_s_api_keeps_the_plain_name() -> None:
    main = Target("src/classic/schemas.ts", "string")
    same = [(Target("src/classic/coerce.ts", "string"), "function"), (main, "function")]
    assert page_names(same, main=frozenset([main])) == [
        ("string_of_coerce", "String_of_coerce"),
        ("string", "String"),
    ]
    both = frozenset(target for target, _ in same)
    assert page_names(same, main=both)[1] == ("string_of_schemas", "String_of_schemas")


def test_principles_are_named_before_a_preposition() -> None:
    assert principle_words("remove_hook_from_module", "function") == "Hook_Removal_From_Module"
    assert principle_words("create_or_update_model_card", "function") == "Create_Or_Update_Model_Card"
    assert principle_words("is_xpu_available", "function") == "Xpu_Availability_Check"
    assert principle_words("check_if_peft_model", "function") == "Checking_If_Peft_Model"
    assert principle_words("to_dict", "function") == "Conversion_To_Dict"
