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

// A push has no content: what it is about is asked from the home, by the cookie of this browser.
async function tellOfPush() {
  const read = await fetch("/api/v1/inbox", { headers: { accept: "application/json" } }).catch(() => undefined);
  const { items } = read?.ok ? await read.json() : { items: [] };
  const [first, ...rest] = items;
  const more = rest.length === 0 ? "" : ` (and ${rest.length} more)`;
  await self.registration.showNotification("Roost", {
    body: first === undefined ? "There is news from your agents" : `${first.title.slice(0, 140)}${more}`,
    tag: "roost",
    renotify: true,
    icon: "/icon-192.png",
    data: { path: first === undefined ? "/" : "/needs" },
  });
}
self.addEventListener("push", (event) => event.waitUntil(tellOfPush()));

async function openAt(path) {
  const [open] = await self.clients.matchAll({ type: "window" });
  if (open === undefined) return self.clients.openWindow(path);
  await open.focus();
  return open.navigate(path);
}
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openAt(event.notification.data.path));
});
