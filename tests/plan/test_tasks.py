import pytest

from prp_mcp.plan.reading import is_sound
from prp_mcp.plan.todos import active_form, todos
from tests.plan.texts import errors, line_of, plan, prp, rules


def shape(blueprint: str) -> list[tuple[str, str]]:
    return [(task.id, task.title) for task in plan(blueprint=blueprint).tasks]


THREE = [("T1", "Create bronze"), ("T2", "Create silver"), ("T3", "Create gold")]


@pytest.mark.parametrize(
    "blueprint",
    [
        "### Task 1: Create bronze\n\n### Task 2: Create silver\n\n### Task 3: Create gold",
        "#### Task 1 - Create bronze\ntext\n#### **Task 2**: Create silver\n\n#### `[ ]` Task 3: Create gold",
        "**Task 1**: Create bronze\n\n**Task 2**: Create silver\n\n**Task 3: Create gold**",
        "```yaml\nTask 1: Create bronze\n  - a: b: c\nTask 2: Create silver\nCREATE x.py:\n  {broken\n"
        "Task 3: Create gold\n```",
        "### Tasks\n\n1. Create bronze\n2. Create silver\n   - detail\n3. Create gold",
        "- [ ] Create bronze\n- [x] Create silver\n- [ ] Create gold",
        "- Create bronze\n- Create silver\n- Create gold",
        "| # | Task | Files |\n|---|---|---|\n| 1 | Create bronze | a.py |\n| 2 | Create silver | b.py |\n"
        "| 3 | Create gold | c |",
        "### Step 1: Create bronze\n\n- x\n\n### Step 2: Create silver\n\n### Step 3: Create gold",
        "### Phase 1: Create bronze\n\n- x\n\n### Phase 2: Create silver\n\n### Phase 3: Create gold",
    ],
    ids=["headings", "dressed", "bold", "yaml", "numbers", "boxes", "bullets", "table", "steps", "phases"],
)
def test_tasks_are_read_in_every_form_people_write_them(blueprint):
    assert shape(blueprint) == THREE


@pytest.mark.parametrize(
    ("blueprint", "wanted"),
    [
        ("### 1. Load\n\n- x\n\n### 2) Join\n\n### 3️⃣ Show", [("T1", "Load"), ("T2", "Join"), ("T3", "Show")]),
        ("### 2. Data\n\n- x\n\n### 5. More\n\n- y", [("T1", "x"), ("T2", "y")]),
        ("### 1. Alone\n\n- x\n- y", [("T1", "x"), ("T2", "y")]),
        ("### 3.1 Design\n\n- x\n\n### 3.2 Tasks\n\n- y\n- z", [("T1", "y"), ("T2", "z")]),
        ("- Task 1: Load\n- Task 2 - Join\n- Task 3 is nothing", [("T1", "Load"), ("T2", "Join")]),
        ("### T1: Load\n\n### T2 is a word", [("T1", "Load")]),
        ("### ✅ Task 1: Load\n\n### TASK-2: Join", [("T1", "Load"), ("T2", "Join")]),
    ],
    ids=["counted", "not from 1", "alone", "outline", "plain", "own", "dressed"],
)
def test_numbers_and_words_that_mark_no_task_are_told_from_those_that_do(blueprint, wanted):
    assert shape(blueprint) == wanted


def test_a_task_named_on_the_next_line_takes_its_title_from_there():
    assert shape("```yaml\nTask 1:\nCREATE src/bronze.py:\n  - IMPLEMENT: loader\n```") == [
        ("T1", "CREATE src/bronze.py")
    ]


def test_ids_of_a_prps_own_are_kept():
    assert shape("- [ ] T001 [P] [US1] Create bronze\n- [ ] T012 Create silver") == [
        ("T001", "Create bronze"),
        ("T012", "Create silver"),
    ]


def test_a_task_knows_its_line_details_and_files():
    blueprint = (
        "### Task 1: Create bronze\n\nCREATE `src/bronze/a.py`, MODIFY `databricks.yml`\n\n- see src/other/b.py\n"
        "- Update resources/p.yml\n\n### Notes\n\nnot this"
    )
    task = plan(blueprint=blueprint).tasks[0]
    assert task.line == line_of(prp(blueprint=blueprint), "### Task 1")
    assert task.files == ("src/bronze/a.py", "databricks.yml", "resources/p.yml")
    assert "see src/other/b.py" in task.details
    assert "not this" not in task.details


def test_tasks_come_in_an_order_that_respects_what_they_wait_for():
    blueprint = (
        "### Task 1: Create gold\n\nDepends on task 3.\n\n### Task 2: Create bronze\n\n"
        "### Task 3: Create silver\n\n**Dependencies**: Task 2\n\n### Task 4: Tell people\n\nDo this after task 1."
    )
    found = plan(blueprint=blueprint)
    assert is_sound(found)
    assert [(task.id, task.depends_on) for task in found.tasks] == [
        ("T2", ()),
        ("T3", ("T2",)),
        ("T1", ("T3",)),
        ("T4", ("T1",)),
    ]


@pytest.mark.parametrize(
    ("line", "needs"),
    [
        ("Depends on tasks 1 and 2", ("T1", "T2")),
        ("DEPENDENCIES: Task 1, Task 2", ("T1", "T2")),
        ("Dependencies: 1, 2", ("T1", "T2")),
        ("- depends_on: [1]", ("T1",)),
        ("Blocked by: Task 2", ("T2",)),
        ("depends on tasks 1-2", ("T1", "T2")),
        ("DEPENDENCIES: Import the models from Task 1", ("T1",)),
        ("Dependencies: None", ()),
        ("requires 2 columns and needs 1 index", ()),
        ("after 2 hours", ()),
        ("depends on phase 1", ()),
    ],
)
def test_a_dependency_is_read_from_how_people_put_it(line, needs):
    found = plan(blueprint=f"### Task 1: a\n\n### Task 2: b\n\n### Task 3: c\n\n{line}")
    assert found.tasks[2].depends_on == needs
    assert is_sound(found)


def needs(*bodies: str) -> dict[str, tuple[str, ...]]:
    blueprint = "\n\n".join(f"### Task {number}: {body}" for number, body in enumerate(bodies, 1))
    found = plan(blueprint=blueprint)
    assert is_sound(found)
    return {task.id: task.depends_on for task in found.tasks}


@pytest.mark.parametrize("key", ["READ", "- FOLLOW pattern:", "**USES**:", "DEPENDS:", "Input:", "- IMPORTS:", "Reads"])
def test_a_task_needs_the_one_that_creates_a_file_it_takes(key):
    assert needs(f"a\n{key} src/b.py", "b\nCREATE src/b.py") == {"T2": (), "T1": ("T2",)}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a\nREAD src/b.py", "b\nMODIFY src/b.py"),
        ("a\nSee src/b.py", "b\nCREATE src/b.py"),
        ("a\nCREATE src/b.py\nREAD src/b.py", "b"),
        ("a\nREAD src/b.py\nCREATE src/c.py", "b\nCREATE src/b.py\nDepends on task 1"),
    ],
    ids=["not created", "not taken", "its own", "cycle"],
)
def test_files_suggest_nothing_where_no_other_task_surely_hands_them_over(first, second):
    assert needs(first, second)["T1"] == ()


def test_a_file_that_two_tasks_create_suggests_nothing():
    assert needs("a\nCREATE b.py", "b\nCREATE b.py", "c\nREAD b.py")["T3"] == ()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("Do it before task 1.", {"T2": (), "T1": ("T2",)}),
        ("Once task 1 is done.", {"T1": (), "T2": ("T1",)}),
        ("As soon as task 1 has run.", {"T1": (), "T2": ("T1",)}),
        ("Run it after the bronze table exists.", {"T1": (), "T2": ("T1",)}),
        ("Run it once the bronze tables are loaded.", {"T1": (), "T2": ("T1",)}),
        ("Run it after the silver table exists.", {"T1": (), "T2": ()}),
        ("Not before task 9, and after the table.", {"T1": (), "T2": ()}),
        ("Not before task 1.", {"T1": (), "T2": ()}),
        ("The day before 1 May.", {"T1": (), "T2": ()}),
    ],
)
def test_words_of_order_count_where_they_name_a_task(words, wanted):
    found = needs("Create the bronze table", f"Join\n\n{words}")
    assert found == wanted
    assert list(found) == list(wanted)


def test_a_thing_that_two_tasks_speak_of_is_none():
    assert needs("Create the bronze table", "Test the bronze table", "c\n\nAfter the bronze table exists.")["T3"] == ()


def test_words_suggest_no_cycle():
    assert needs("a\n\nBefore task 2.", "b\n\nBefore task 1.") == {"T1": (), "T2": ("T1",)}


def test_first_and_last_change_the_order_among_the_free_tasks_alone():
    found = needs("Finally, report", "Load", "Pin\n\nDo this first.", "Join\n\nDo this task first.\nDepends on task 2.")
    assert list(found) == ["T3", "T2", "T4", "T1"]
    assert set(found.values()) == {(), ("T2",)}


@pytest.mark.parametrize("title", ["Last mile data", "First load", "Final report"])
def test_first_and_last_in_a_name_are_no_order(title):
    assert list(needs("a", title, "b")) == ["T1", "T2", "T3"]


def test_a_dependency_on_no_task_is_an_error_where_the_task_stands():
    blueprint = "### Task 1: a\n\nDepends on task 9."
    found = errors(plan(blueprint=blueprint))
    assert [finding.rule for finding in found] == ["task-unknown-dependency"]
    assert "task 9" in found[0].why
    assert found[0].line == line_of(prp(blueprint=blueprint), "### Task 1")


def test_tasks_that_wait_for_each_other_are_an_error_that_names_them():
    found = plan(blueprint="### Task 1: a\ndepends on task 2\n### Task 2: b\ndepends on task 1\n### Task 3: c")
    assert [finding.rule for finding in errors(found)] == ["task-cycle"]
    assert "T1 -> T2 -> T1" in errors(found)[0].why
    assert [task.id for task in found.tasks] == ["T3", "T1", "T2"]


def test_a_task_that_waits_for_itself_is_a_cycle():
    assert "task-cycle" in rules(plan(blueprint="### Task 1: a\ndepends on task 1"))


def test_an_overview_and_its_details_are_one_task():
    found = plan(
        blueprint="```yaml\nTask 1: Create bronze\nCREATE a/b.py\n```\n\n### Task 1: Bronze in detail\n\nCREATE c/d.py"
    )
    assert [(task.id, task.title, task.files) for task in found.tasks] == [
        ("T1", "Create bronze", ("a/b.py", "c/d.py"))
    ]
    assert found.findings == ()


def test_a_number_used_twice_keeps_both_tasks_with_a_note():
    found = plan(blueprint="### Phase 1\n\n#### Task 1: a\n\n### Phase 2\n\n#### Task 1: b")
    assert [(task.id, task.title) for task in found.tasks] == [("T1", "a"), ("T1-2", "b")]
    assert [(finding.rule, finding.severity) for finding in found.findings] == [("task-twice", "note")]


def test_a_blueprint_without_tasks_is_noted():
    found = plan(blueprint="Just do it.")
    assert found.tasks == ()
    assert rules(found) == {"task-none"}


def test_todos_are_the_tasks_in_order():
    found = plan(blueprint="### Task 1: Run the checks\ndepends on task 2\n### Task 2: Create the bronze table")
    assert todos(found) == [
        {"content": "Create the bronze table", "activeForm": "Creating the bronze table", "status": "pending"},
        {"content": "Run the checks", "activeForm": "Running the checks", "status": "pending"},
    ]


@pytest.mark.parametrize(
    ("title", "active"),
    [
        ("Write tests", "Writing tests"),
        ("CREATE src/a.py", "Creating src/a.py"),
        ("Set up the bundle", "Setting up the bundle"),
        ("Deploy", "Deploying"),
        ("Map the columns", "Mapping the columns"),
        ("Deliver it", "Delivering it"),
        ("Verify rows", "Verifying rows"),
        ("Bronze layer", "Working on: Bronze layer"),
        ("", "Working on: "),
    ],
)
def test_the_active_form_is_the_participle_of_the_first_verb(title, active):
    assert active_form(title) == active
