/** The columns of Outlook's CSV, which it names in the language of its program, by their English names. */
import type { Table } from "./read-table.ts";

/** English: German; French. Several names of one language stand side by side with a `|`. */
const names = `
Title: Anrede; Titre
First Name: Vorname; Prénom
Middle Name: Weitere Vornamen; Deuxième prénom
Last Name: Nachname; Nom
Suffix: Suffix; Suffixe
Company: Firma; Société
Department: Abteilung; Service
Job Title: Position; Titre 2|Fonction
Business Street: Straße geschäftlich; Rue (bureau)
Business Street 2: Straße geschäftlich 2; Rue (bureau) 2
Business Street 3: Straße geschäftlich 3; Rue (bureau) 3
Business City: Ort geschäftlich; Ville (bureau)
Business State: Region geschäftlich; Dép/Région (bureau)
Business Postal Code: Postleitzahl geschäftlich; Code postal (bureau)
Business Country/Region: Land/Region geschäftlich; Pays/Région (bureau)
Business Address PO Box: Postfach geschäftlich; Boîte postale du bureau
Home Street: Straße privat; Rue (domicile)
Home Street 2: Straße privat 2; Rue (domicile) 2
Home Street 3: Straße privat 3; Rue (domicile) 3
Home City: Ort privat; Ville (domicile)
Home State: Bundesland/Kanton privat; Dép/Région (domicile)
Home Postal Code: Postleitzahl privat; Code postal (domicile)
Home Country/Region: Land/Region privat; Pays/Région (domicile)
Home Address PO Box: Postfach privat; Boîte postale du domicile
Other Street: Weitere Straße; Rue (autre)
Other Street 2: Weitere Straße 2; Rue (autre) 2
Other Street 3: Weitere Straße 3; Rue (autre) 3
Other City: Weiterer Ort; Ville (autre)
Other State: Weiteres/r Bundesland/Kanton; Dép/Région (autre)
Other Postal Code: Weitere Postleitzahl; Code postal (autre)
Other Country/Region: Weiteres/e Land/Region; Pays/Région (autre)
Other Address PO Box: Weiteres Postfach; Autre boîte postale
Assistant's Phone: Telefon Assistent; Téléphone de l'assistant(e)
Business Fax: Fax geschäftlich; Télécopie (bureau)
Business Phone: Telefon geschäftlich; Téléphone (bureau)
Business Phone 2: Telefon geschäftlich 2; Téléphone 2 (bureau)
Callback: Rückmeldung; Rappel
Car Phone: Autotelefon; Téléphone (voiture)
Company Main Phone: Telefon Firma; Téléphone société
Home Fax: Fax privat; Télécopie (domicile)
Home Phone: Telefon privat|Telefon (privat); Téléphone (domicile)
Home Phone 2: Telefon privat 2|Telefon (privat 2)|Telefon (privat) 2; Téléphone 2 (domicile)
ISDN: ISDN; RNIS
Mobile Phone: Mobiltelefon; Tél. mobile
Other Fax: Weiteres Fax; Télécopie (autre)
Other Phone: Weiteres Telefon; Téléphone (autre)
Pager: Pager; Récepteur de radiomessagerie
Primary Phone: Haupttelefon; Téléphone principal
Radio Phone: Mobiltelefon 2; Radio téléphone
TTY/TDD Phone: Telefon für Hörbehinderte; Téléphone TDD/TTY
E-mail Address: E-Mail-Adresse; Adresse de messagerie|Adresse de courrier
E-mail 2 Address: E-Mail 2: Adresse; Adresse de messagerie 2|Adresse de courrier 2
E-mail 3 Address: E-Mail 3: Adresse; Adresse de messagerie 3|Adresse de courrier 3
E-mail Type: E-Mail-Typ; Type de messagerie
E-mail 2 Type: E-Mail 2: Typ; Type de messagerie 2
E-mail 3 Type: E-Mail 3: Typ; Type de messagerie 3
E-mail Display Name: E-Mail: Angezeigter Name; Nom complet de l'adresse de messagerie
E-mail 2 Display Name: E-Mail 2: Angezeigter Name; Nom complet de l'adresse de messagerie 2
E-mail 3 Display Name: E-Mail 3: Angezeigter Name; Nom complet de l'adresse de messagerie 3
Birthday: Geburtstag; Anniversaire
Anniversary: Jahrestag; Anniversaire de mariage ou fête
Spouse: Partner; Conjoint(e)
Children: Kinder; Enfants
Manager's Name: Name des/der Vorgesetzten; Responsable
Assistant's Name: Name Assistent; Nom de l'assistant(e)
Referred By: Empfohlen von; Recommandé par
Categories: Kategorien; Catégories
Notes: Notizen; Notes
Web Page: Webseite; Page Web|Page web
Profession: Beruf; Profession
Initials: Initialen; Initiales
Gender: Geschlecht; Sexe
Priority: Priorität; Priorité
Private: Privat; Privé
Sensitivity: Vertraulichkeit; Critère de diffusion
Language: Sprache; Langue
Directory Server: Verzeichnisserver; Serveur d'annuaire
`;

const english = new Map(
  names
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [name = "", others = ""] = line.split(/: (.*)/s);
      return others.split(/[;|]/).map((other) => [other.trim(), name] as const);
    }),
);

/** What is not known stays as it is called. */
export function withEnglishColumns({ columns, rows, ...table }: Table): Table {
  const written = new Map(columns.map((column) => [english.get(column) ?? column, column]));
  return {
    ...table,
    columns: [...written.keys()],
    rows: rows.map(({ line, get }) => ({ line, get: (column) => get(written.get(column) ?? column) })),
  };
}
