// The reader's own time behind each instant. The pages say everything without this.
"use strict";
const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  // Whoever lives by UTC needs nothing said twice.
  if (Number.isNaN(at.valueOf()) || at.getTimezoneOffset() === 0) continue;
  const local = document.createElement("span");
  local.className = "local";
  local.textContent = ` (${format.format(at)} your time)`;
  time.after(local);
}
