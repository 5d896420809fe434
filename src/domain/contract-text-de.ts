/** A contract in German words, line by line as `contract-text.ts` says it in English. Derived from the structure alone. */
import { visibleText } from './approval.ts'
import type { ChangeClause, Check, Contract } from './contract.ts'
import { declarationOf } from './triggers/list.ts'

export function germanContractText(contract: Contract): { heading: string; lines: string[] }[] {
  return [
    { heading: 'Wann', lines: whenLines(contract) },
    { heading: 'Liest', lines: readLines(contract) },
    { heading: 'Ändert', lines: changeLines(contract) },
    { heading: 'Nie', lines: neverLines(contract) },
    { heading: 'Fragt vorher', lines: askLines(contract) },
    { heading: 'Erledigt, wenn', lines: doneLines(contract) },
    { heading: 'Rahmen', lines: budgetLines(contract) },
  ]
}

function list(texts: readonly string[]): string {
  return texts.length === 0 ? 'nichts' : texts.map(text => visibleText(text)).join(', ')
}

const CAUGHT_UP: Readonly<Record<Contract['catchUp'], string>> = {
  skip: 'werden ausgelassen',
  once: 'werden einmal nachgeholt',
  all: 'werden alle nachgeholt',
}

function whenLines(contract: Contract): string[] {
  const { when, zone, queue, catchUp, maxCauseDepth } = contract
  const declared = when.map(trigger => declarationOf(trigger))
  const atOnce =
    queue.concurrency === 1 ? 'Ein Lauf zur selben Zeit' : `Bis zu ${queue.concurrency} Läufe zur selben Zeit`
  return [
    ...when.map(trigger =>
      declarationOf(trigger).describe(trigger, ('zone' in trigger ? trigger.zone : undefined) ?? zone, 'de'),
    ),
    ...(when.length === 0 ? ['Nie von selbst'] : []),
    ...(declared.some(({ watch }) => watch !== undefined)
      ? ['Was kam oder sich änderte, während dieser Rechner aus war, wird gefunden, sobald er wieder an ist']
      : []),
    ...(declared.some(({ plan }) => plan !== undefined)
      ? [`Zeiten, zu denen dieser Rechner aus war, ${CAUGHT_UP[catchUp]}`]
      : []),
    `${atOnce}; höchstens ${number(queue.capacity)} weitere warten`,
    `Ketten von Automationen, die einander starten, enden nach ${maxCauseDepth}`,
    `Ortszeiten sind die von ${zone}`,
  ]
}

function readLines({ reads, uses, flows }: Contract): string[] {
  const lines = [
    ...reads.hosts.map(hostWords),
    ...reads.paths.map(path => `Dateien in ${visibleText(path)}`),
    ...reads.accounts.map(account => `Das Konto ${visibleText(account)}`),
  ]
  return [
    ...lines,
    ...(lines.length === 0 ? ['Nichts, außer was es ändert'] : []),
    `Mit den Werkzeugen ${list(uses.map(module => module.replace(/^tools\//, '')))}`,
    ...flows.map(
      ({ from, to }) =>
        `Was aus ${visibleText(from)} gelesen wurde, geht ${to.length === 0 ? 'nirgends sonst hin' : `nur an ${list(to)}`}`,
    ),
  ]
}

function hostWords(host: string): string {
  return host.startsWith('*.') ? `Jede Unterdomäne von ${host.slice(2)}` : host
}

function changeLines(contract: Contract): string[] {
  return [
    ...contract.changes.map(changeLine),
    ...(contract.changes.length === 0 ? ['Nichts außerhalb von Steward'] : []),
    ...(contract.windows.length === 0 ? [] : [windowsLine(contract)]),
    ...(contract.models ? ['Befragt ein Modell, das zu sehen bekommt, was das Skript ihm gibt'] : []),
    ...(contract.notifies ? ['Benachrichtigt Sie'] : []),
    ...(contract.urgent ? ['Was es meldet und fragt, kommt auch in den Ruhezeiten durch'] : []),
    ...(contract.publishes.length === 0 ? [] : [`Gibt bekannt: ${list(contract.publishes)}`]),
    ...Object.entries(contract.items).map(
      ([name, meaning]) =>
        `Befasst sich mit jedem „${visibleText(name)}“ einmal, unterschieden durch: ${visibleText(meaning)}`,
    ),
  ]
}

function changeLine(clause: ChangeClause): string {
  const parts = [
    ...(clause.hosts === undefined ? [] : [`bei ${list(clause.hosts.map(hostWords))}`]),
    ...(clause.methods === undefined ? [] : [`nur mit ${list(clause.methods)}`]),
    ...(clause.paths === undefined ? [] : [`in ${list(clause.paths)}`]),
    ...(clause.recipients === undefined ? [] : [`an ${list(clause.recipients.map(recipientWords))}`]),
    ...(clause.accounts === undefined ? [] : [`als ${list(clause.accounts)}`]),
  ]
  const again =
    clause.honoursKeyForMs === undefined
      ? ''
      : `; dort lässt es sich ${duration(clause.honoursKeyForMs)} lang gefahrlos wiederholen, weil derselbe Schlüssel einmal zählt`
  return `${clause.tool} ${parts.length === 0 ? 'ohne einen Ort' : parts.join(', ')}${again}`
}

function recipientWords(recipient: string): string {
  return recipient.startsWith('@') ? `alle bei ${recipient.slice(1)}` : recipient
}

const DAYS = ['Mo', 'Di', 'Mi', 'Do', 'Fr', 'Sa', 'So']

function windowsLine({ windows, zone }: Contract): string {
  const spans = windows.map(({ from, to, days }) => {
    const on = days === undefined ? 'jeden Tag' : days.map(day => DAYS[day - 1]).join(', ')
    return `${from}–${to} ${on}`
  })
  return `Geändert wird nur ${spans.join('; ')} (${zone})`
}

function neverLines({ never, models, notifies, outsideContent }: Contract): string[] {
  return [
    ...never.hosts.map(host => `Verbindet sich mit ${hostWords(host)}`),
    ...never.paths.map(path => `Rührt ${visibleText(path)} an`),
    ...never.recipients.map(recipient => `Schreibt an ${visibleText(recipientWords(recipient))}`),
    ...never.tools.map(tool => `Benutzt ${visibleText(tool)}`),
    ...(models ? [] : ['Befragt ein Modell']),
    ...(notifies ? [] : ['Benachrichtigt Sie']),
    ...(outsideContent === 'deny'
      ? ['Verschickt oder ändert etwas, nachdem Inhalt von außen gelesen wurde']
      : []),
    'Alles, was oben nicht steht',
  ]
}

function askLines(contract: Contract): string[] {
  const lines = [
    ...contract.changes
      .filter(({ approval }) => approval !== 'never')
      .map(clause => `${changeLine(clause)}: ${approvalLine(clause)}`),
    ...(contract.outsideContent === 'ask'
      ? ['Bevor etwas hinausgeht, nachdem Inhalt von außen gelesen wurde']
      : []),
  ]
  if (lines.length === 0) return ['Nichts']
  return [
    ...lines,
    `Eine Frage ohne Antwort gilt nach ${duration(contract.approvalExpiresMs, true)} als Nein`,
  ]
}

function approvalLine({ approval, above }: ChangeClause): string {
  if (approval === 'never') return 'fragt nicht'
  if (approval === 'first-time') return 'fragt beim ersten Mal für jeden Ort'
  return approval === 'above' && above !== undefined
    ? `fragt, wenn sich mehr als ${number(above)} auf einmal ändern`
    : 'fragt jedes Mal'
}

function doneLines({ done }: Contract): string[] {
  return done.length === 0 ? ['Das Skript endet ohne Fehler'] : done.map(checkLine)
}

function checkLine(check: Check): string {
  switch (check.kind) {
    case 'file-exists':
      return `${visibleText(check.path)} ist da${check.notEmpty === true ? ' und nicht leer' : ''}`
    case 'result-has':
      return `Das Ergebnis enthält „${visibleText(check.field)}“`
    case 'effects-at-least':
      return `${visibleText(check.tool)} hat mindestens ${number(check.count)} geändert`
    case 'effects-at-most':
      return `${visibleText(check.tool)} hat höchstens ${number(check.count)} geändert`
    case 'items-settled':
      return `Jedes „${visibleText(check.each)}“ ist fertig, höchstens ${number(check.maxSetAside)} sind zurückgestellt`
    case 'script-verifies':
      return 'Die eigene Prüfung des Skripts stimmt'
  }
}

function budgetLines({ budget, limits }: Contract): string[] {
  return [
    `${number(budget.actionsPerRun)} Änderungen je Lauf`,
    `${number(budget.actionsPerHour)} Änderungen in der Stunde`,
    `${number(budget.actionsPerDay)} Änderungen am Tag`,
    `${number(budget.callsPerRun)} Aufrufe von Werkzeugen je Lauf`,
    `${money(budget.costPerRunMicros)} je Lauf`,
    `${money(budget.costPerDayMicros)} am Tag`,
    `${duration(limits.cpuMs)} Rechenzeit und ${duration(limits.wallMs)} insgesamt je Lauf, Warten nicht mitgezählt`,
    `${number(limits.memoryMb)} MB Speicher, ${number(limits.bytesPerCall)} Bytes je Aufruf`,
  ]
}

function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '.')
}

function money(micros: number): string {
  return `${(micros / 1_000_000)
    .toFixed(6)
    .replace(/(\.\d\d\d*?)0+$/, '$1')
    .replace('.', ',')} $`
}

const UNITS: readonly (readonly [ms: number, one: string, many: string, afterMany: string])[] = [
  [86_400_000, 'Tag', 'Tage', 'Tagen'],
  [3_600_000, 'Stunde', 'Stunden', 'Stunden'],
  [60_000, 'Minute', 'Minuten', 'Minuten'],
  [1_000, 'Sekunde', 'Sekunden', 'Sekunden'],
  [1, 'Millisekunde', 'Millisekunden', 'Millisekunden'],
]

/** `after`: as it reads after “nach”. */
function duration(ms: number, after = false): string {
  const unit = UNITS.find(([length]) => ms % length === 0 && ms >= length) ?? UNITS.at(-1)
  const [length, one, many, afterMany] = unit ?? [1, 'Millisekunde', 'Millisekunden', 'Millisekunden']
  const amount = ms / length
  return amount === 1 ? `1 ${one}` : `${number(amount)} ${after ? afterMany : many}`
}
