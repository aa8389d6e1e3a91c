/** peeps, a personal CRM that asks for nothing that it can know: its contract. */
import { defineService, rowOperations } from "@roost/contract";
import { peepsEvents } from "./contract/peeps-events.ts";
import { factOperations } from "./contract/facts.ts";
import { messageOperations } from "./contract/messages.ts";
import { peopleOperations } from "./contract/people.ts";

export const peepsContract = defineService({
  name: "peeps",
  title: "Peeps",
  operations: [...peopleOperations, ...messageOperations, ...factOperations, ...rowOperations],
  events: peepsEvents,
  relations: [
    { from: "Relation", name: "person", field: "personId", to: "Person", via: "listPeople" },
    { from: "Note", name: "person", field: "personId", to: "Person", via: "listPeople" },
    { from: "Message", name: "person", field: "personId", to: "Person", via: "listPeople" },
    { from: "Fact", name: "person", field: "personId", to: "Person", via: "listPeople" },
    { from: "Reminder", name: "person", field: "personId", to: "Person", via: "listPeople" },
  ],
  screens: [
    {
      path: "/people",
      name: "People",
      icon: "users",
      key: "p",
      view: "PeopleScreen",
      inside: [{ path: "/people/:personId", view: "PersonScreen" }],
    },
  ],
  vocabulary: {
    person: "A person the owner knows; listed, or only known from messages",
    handle: "A phone number, e-mail address or user name of a person",
    stub: "A person made by a message, without a name yet",
    merge: "Two entries are one person; nothing is moved, so it can be taken back exactly",
    "last contact": "When the owner and a person last spoke; derived from messages, calls and meetings, never typed",
    fact: "What a message may say of who wrote it; known when the owner confirms it",
    cadence: "How often people with a tag are to be spoken to at least",
  },
});
