// Property tests draw new cases on every run, so that more is tried every day. In CI they draw the same ones: a change is judged by what it did, not by the luck of the draw. What a run
// elsewhere finds is mended there, and its counterexample becomes a case of its own.
import fc from "fast-check";

if (process.env["CI"] === "true") fc.configureGlobal({ seed: 20_261_121 });
