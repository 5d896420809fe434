/**
 * Words that mean the same when someone says what they want kept done, in English and German, one group a line.
 * Only the groups matter; a word may be in several. Inflections are listed where the stemmer does not join them.
 */
import { stemOf } from './words.ts'
import { wordsOf } from '../../domain/note-words.ts'

const GROUPS = [
  'change changed changing update updated modify modified alter different edit edited andern andert anderung geandert verandert veranderung veranderungen aktualisiert aktualisierung unterschied abweichung',
  'page webpage website site web homepage internetseite webseite seite website internetauftritt landingpage',
  'address url link adresse webadresse internetadresse',
  'price cost costs cheaper cheap price-drop drop drops discount sale deal bargain preis preise kostet kosten gunstiger gunstig billiger billig rabatt angebot preissturz fallt sinkt reduziert',
  'down offline outage unreachable uptime online reachable available availability crash crashed dead responding responds respond up fails failing monitor ausfall ausgefallen ausfallt ausfallen erreichbar unerreichbar verfugbar verfugbarkeit abgesturzt antwortet lauft tot uberwache uberwachen uberwachung kaputt lebt',
  'server service host api endpoint dienst rechner schnittstelle',
  'feed rss atom subscription blog blogs podcast newsfeed abo weblog',
  'news headlines articles article posts post story stories nachricht nachrichten neuigkeiten neuigkeit schlagzeilen artikel beitrag beitrage meldungen',
  'digest summary summarize summarise roundup overview collect recap compile zusammenfassung zusammenfassen uberblick ubersicht sammle sammeln fasse zusammen',
  'note notes notebook notiz notizen notizbuch',
  'mention mentions mentioned mentioning keyword keywords word words containing contains contain matching stichwort stichworter schlagwort schlagworte erwahnt erwahnung enthalt enthalten wort worter begriff begriffe vorkommt',
  'tidy tidying clean cleanup organize organise order sort sorted sorting sorts arrange declutter mess messy aufraumen raume raum raumt ordnen ordne ordnung sortieren sortiere sortiert einsortieren aufgeraumt ordentlich chaos chaotisch',
  'folder directory ordner verzeichnis mappe',
  'file files document documents datei dateien dokument dokumente unterlagen',
  'download downloads downloaded heruntergeladen heruntergeladene',
  'type types kind kinds extension extensions ending format category art typ dateityp dateitypen endung endungen sorte kategorie',
  'photo photos picture pictures image images camera foto fotos bild bilder aufnahme aufnahmen kamera fotografie jpeg jpg',
  'date dates day month year datum tag monat monate monaten jahr jahre jahren aufnahmedatum',
  'duplicate duplicates dupe dupes double doubles twice identical same duplikat duplikate doppelt doppelte doppelten doppelter identisch identische dubletten mehrfach',
  'trash bin delete remove papierkorb loschen losche entfernen wegwerfen',
  'backup back-up copy copies archive archived zip zipped save sicherung sicherungen sichern sichere sicherungskopie kopie kopien archiv archiviere archivieren datensicherung gesichert zippe',
  'rotate rotation old oldest keep retain alte alteste aufheben behalten',
  'link links linked broken dead 404 linkcheck verweis verweise verlinkung verlinkungen links defekt defekte tote toten kaputt kaputte kaputten',
  'calendar agenda appointment appointments meeting meetings schedule ics ical event events kalender termin termine terminen terminkalender besprechung besprechungen verabredungen',
  'tomorrow tomorrows upcoming next morgen morgige morgigen nachste nachsten bevorstehend ansteht',
  'changelog release releases released version versions upgrade update changelogs versionshinweise veroffentlichung veroffentlicht erschienen freigabe anderungsprotokoll aktualisierung',
  'log logs logfile error errors warning warnings exception line lines protokoll protokolle logdatei logdateien fehler fehlermeldung fehlermeldungen warnungen zeile zeilen',
  'disk space storage full size grows growing fills large big quota speicher speicherplatz festplatte platte voll volllauft gross grosse wachst platz',
  'report reports csv json table spreadsheet data rows statistics export bericht berichte tabelle tabellen daten auswertung statistik zeilen',
  'api json endpoint rest schnittstelle',
  'webhook hook webhooks incoming received receive receives callback payload eingehend eingehende empfangen empfange anruf empfangt',
  'notification notice notify alert alarm warn ping message inform nachricht hinweis benachrichtigung benachrichtige benachrichtigen melde melden meldung warnung alarmiere informiere bescheid',
  'item items entry entries thing listing listings eintrag eintrage inserat inserate anzeige anzeigen',
  'watch watches monitor observe track follow check beobachte beobachten verfolge verfolgen prufe prufen kontrolliere kontrollieren uberwache uberwachen',
] as const

/** The stems that stand for the same as this one, itself left out. */
export function alike(stem: string): readonly string[] {
  return BY_STEM.get(stem) ?? []
}

const BY_STEM: ReadonlyMap<string, string[]> = groupsByStem()

function groupsByStem(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const group of GROUPS) {
    const stems = [...new Set(wordsOf(group).map(stemOf))]
    for (const stem of stems) {
      const others = stems.filter(other => other !== stem)
      found.set(stem, [...new Set([...(found.get(stem) ?? []), ...others])])
    }
  }
  return found
}
