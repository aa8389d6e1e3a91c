// Keeps the shell, so that the console opens without a network. Answers of the API are never kept here: what is on the screen is true, or marked
// as old by the page itself.
const files = FILES;
// The page is given to who asks for one; to any other question its address is not there.
const page = new Request("/", { headers: { accept: "text/html" } });
const cacheName = `console-${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => cache.addAll([page, ...files]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const dropOld = (names) => Promise.all(names.filter((name) => name !== cacheName).map((name) => caches.delete(name)));
  event.waitUntil(
    caches
      .keys()
      .then(dropOld)
      .then(() => self.clients.claim()),
  );
});

const ofServer = /^\/(?:api|services|session|pair|hooks|graphql|openapi\.json|healthz|mcp|v1)(?:\/|$)/;

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || ofServer.test(pathname)) return;
  if (request.mode === "navigate") {
    // At once, without a round trip. A newer version comes with this file, which the browser looks for at each visit; the page then loads anew.
    event.respondWith(caches.match("/").then((kept) => kept ?? fetch(request)));
    return;
  }
  event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
});
