/** What is wrong with an answer, as the end of a German sentence. What is not among these stays as it is. Pure. */
const SAID: readonly (readonly [RegExp, string])[] = [
  [/^is missing$/, 'fehlt'],
  [/^does not exist$/, 'gibt es nicht'],
  [/^is not a folder$/, 'ist kein Ordner'],
  [/^is not a file$/, 'ist keine Datei'],
  [/^is a whole disk$/, 'ist ein ganzer Datenträger'],
  [/^is not an absolute path, such as (.+)$/, 'ist kein vollständiger Pfad, wie zum Beispiel $1'],
  [/^is longer than (\S+) characters$/, 'ist länger als $1 Zeichen'],
  [/^contains half a character$/, 'enthält ein halbes Zeichen'],
  [/^contains a user name or password$/, 'enthält einen Benutzernamen oder ein Passwort'],
  [/^contains a space, a line break or a control character$/, 'enthält ein Leer- oder Steuerzeichen'],
  [/^does not begin with http:\/\/ or https:\/\/$/, 'beginnt nicht mit http:// oder https://'],
  [/^names no host$/, 'nennt keinen Rechner'],
  [/^is not a valid address$/, 'ist keine gültige Adresse'],
  [/^holds no address$/, 'enthält keine Adresse'],
  [/^holds more than (\S+) addresses$/, 'enthält mehr als $1 Adressen'],
  [/^holds “(.+)”, which .+$/s, 'enthält „$1“, was keine gültige Adresse ist'],
  [/^is not a time of day from 00:00 to 23:59$/, 'ist keine Uhrzeit von 00:00 bis 23:59'],
  [/^is not a number$/, 'ist keine Zahl'],
  [/^is not a whole number$/, 'ist keine ganze Zahl'],
  [/^is not a whole number of minutes$/, 'ist keine ganze Zahl von Minuten'],
  [/^is less than (\S+)$/, 'ist weniger als $1'],
  [/^is more than (\S+)$/, 'ist mehr als $1'],
  [/^is none of (.+)$/s, 'ist keines von $1'],
  [/^holds no word$/, 'enthält kein Wort'],
  [/^holds more than (\S+) entries$/, 'enthält mehr als $1 Einträge'],
]

export function problemInGerman(problem: string): string {
  const found = SAID.find(([pattern]) => pattern.test(problem))
  return found === undefined ? problem : problem.replace(found[0], found[1])
}
