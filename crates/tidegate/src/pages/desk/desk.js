// Local times beside UTC, and how long until then. The pages say everything without this.
"use strict";
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.valueOf())) continue;
  const local = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  time.title = `${local}, your time`;
}
