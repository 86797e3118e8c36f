"""What prp-mcp promises; each promise is proven by at least one test that carries its id."""

GUARANTEES: dict[str, str] = {
    "order": "A gate cannot be worked on before every gate before it holds.",
    "freshness": "Evidence holds only for the files, PRP, configuration, target, host and policy it was taken of.",
    "whole": "A PRP that passes every gate ends with a summary made of its evidence.",
    "numbers": "The numbers of the summary are those of the data.",
    "single-start": "A run never starts an update twice, whatever is killed or lost.",
    "one-holder": "What changes a target is alone until it has ended, whoever started it and whatever became of them.",
    "one-run": "One bundle and target has one open run; the second is told who holds it.",
    "interrupt": "An interrupted headless run rolls back and leaves nothing running.",
    "rollback": "A failing run puts back what was deployed before it.",
    "journal": "The journal shows every alteration of its records.",
    "no-code": "Reading a repository runs nothing from it.",
    "secrets": "Secrets reach no journal, report or result.",
    "no-shell": "Validation commands run without a shell, and only those that are allowed.",
    "approval": "What is on no list runs only after a person allowed exactly it.",
    "contained": "A validation command that runs wild is stopped and reported, and leaves nothing running.",
    "corpus": "A PRP is read as its writer meant it, whatever template it follows.",
    "families": "A PRP of every template family goes through every gate, led by an agent or headless.",
    "nothing-lost": "Setting the work tree back keeps every change on a branch.",
    "bounded": "A tool's result is bounded, and says what it left out.",
}
