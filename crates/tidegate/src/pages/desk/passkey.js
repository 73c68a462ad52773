// Hands the page's question to a device that keeps passkeys, and sends its answer with the form.
"use strict";
const form = document.getElementById("passkey");
const create = form.dataset.kind === "create";
const read = create ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
if (typeof globalThis.PublicKeyCredential?.[read] === "function") {
  document.getElementById("passkey-unable").hidden = true;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const failed = document.getElementById("passkey-failed");
    failed.hidden = true;
    try {
      const publicKey = PublicKeyCredential[read](JSON.parse(form.dataset.options));
      const answer = await navigator.credentials[create ? "create" : "get"]({ publicKey });
      form.elements.answer.value = JSON.stringify(answer.toJSON());
      form.submit();
    } catch {
      failed.hidden = false;
    }
  });
}
