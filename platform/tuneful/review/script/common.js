"use strict";

// Names of classes, clips and files are data: they reach the page as text nodes, never as markup.

const byId = (id) => document.getElementById(id);
const WORDS = { keep: "kept", drop: "dropped", relabel: "relabelled" };
const SEEK_S = 1;
let state; // as the server sent it: clips, classes, decisions by place
let current = 0; // place of the clip that is shown
let picked = []; // labels chosen in the dialogue
let active = -1; // option of the list that the keys are at
let matches = []; // labels that the list shows

// Control and bidirectional characters spelled out: a name shows what it holds.
const visible = (text) =>
  String(text).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (c) => "\\u" + c.codePointAt(0).toString(16).padStart(4, "0"));

function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = visible(text);
  made.className = className;
  return made;
}

function say(text, bad = false) {
  byId("status").classList.toggle("bad", bad);
  byId("status").textContent = visible(text);
  clearTimeout(say.timer);
  if (!bad) say.timer = setTimeout(() => (byId("status").textContent = ""), 4000);
}

async function ask(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The server has stopped. What you decided is kept; start platform data review again.");
  }
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error);
  return value;
}
