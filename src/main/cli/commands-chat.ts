/**
 * `chat`: sets a ready-made automation up by talking. At a terminal it goes on until something was added or nobody
 * answers; otherwise it says the sentence and the answers it was given. The chat stays in the core, to go on with.
 */
import readline from 'node:readline/promises'
import type { Command } from 'commander'
import type { SetUpView } from '../server/api.ts'
import type { ApiClient } from '../server/client.ts'
import { theCore } from './client.ts'
import { answering } from './command.ts'
import type { Answer } from './command.ts'
import { EXIT } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { setUpText } from './set-up-text.ts'
import { terminal } from './terminal.ts'

/** One look of the core's while a dry run plays; asked again until it has ended. */
const LOOK_MS = 20_000
const LONGEST_TITLE = 80

interface ChatOptions {
  answer?: string[]
  in?: string
  json?: boolean
}

export function addChatCommand(program: Command): void {
  answering(
    program
      .command('chat')
      .argument('[sentence]', 'what should be kept done, in English or German')
      .option('--answer <text>', 'the answer to what is asked next; as often as needed', several)
      .option('--in <chat>', 'go on in this chat')
      .description('set something ready-made up by saying what you want'),
    talk,
  )
}

function several(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text]
}

async function talk(sentence: string | undefined, options: ChatOptions): Promise<Answer> {
  const core = theCore()
  const said = [sentence, ...(options.answer ?? [])].filter(text => text !== undefined)
  const isLive = process.stdin.isTTY && process.stdout.isTTY && options.json !== true
  const chatId = options.in ?? (await begin(core, said[0] ?? 'New chat'))
  const tell = isLive ? (text: string) => terminal.out(`${text}\n`) : () => undefined
  const turns = options.in === undefined || said.length > 0 ? [] : [await shown(core, chatId, tell)]
  for (const text of said) turns.push(...(await say(core, chatId, text, tell)))
  if (isLive) turns.push(...(await listen(core, chatId, turns.at(-1), tell)))
  const last = turns.at(-1)
  const text = isLive ? afterwards(chatId, last) : turns.map(setUpText).join('\n\n')
  return { document: { chatId, turns }, text, code: codeOf(last) }
}

async function begin(core: ApiClient, sentence: string): Promise<string> {
  const title = sentence.trim().slice(0, LONGEST_TITLE).toWellFormed()
  const { id } = await core.post('/chats', { json: { title: title === '' ? 'New chat' : title } })
  return id
}

/** Where it stands, once no dry run plays. */
async function shown(core: ApiClient, chatId: string, tell: (text: string) => void): Promise<SetUpView> {
  const view = await untilPlayed(core, chatId)
  tell(setUpText(view))
  return view
}

/** What was answered: once, or twice where a dry run came in between. */
async function say(
  core: ApiClient,
  chatId: string,
  text: string,
  tell: (text: string) => void,
): Promise<SetUpView[]> {
  const param = { id: chatId }
  const { turn } = await core.post('/chats/:id/messages', { param, json: { text } })
  const first = await core.get('/chats/:id/set-up', { param })
  tell(setUpText(first))
  if (first.stage !== 'rehearsing') return [first]
  const last = await untilPlayed(core, chatId)
  if (last.turn === turn) return [first]
  tell(setUpText(last))
  return [first, last]
}

async function untilPlayed(core: ApiClient, id: string): Promise<SetUpView> {
  for (;;) {
    const seen = await core.get('/chats/:id/set-up', { param: { id }, query: { wait: String(LOOK_MS) } })
    if (seen.stage !== 'rehearsing') return seen
  }
}

/** Line by line, until something was added, it was cancelled, or the terminal was closed. */
async function listen(
  core: ApiClient,
  chatId: string,
  before: SetUpView | undefined,
  tell: (text: string) => void,
): Promise<SetUpView[]> {
  const lines = readline.createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' })
  const turns: SetUpView[] = []
  if (before === undefined) tell('What should be kept done?')
  if (!isOver(before)) lines.prompt()
  for await (const line of isOver(before) ? [] : lines) {
    if (line.trim() !== '') turns.push(...(await say(core, chatId, line, tell)))
    if (isOver(turns.at(-1))) break
    lines.prompt()
  }
  lines.close()
  return turns
}

function isOver(view: SetUpView | undefined): boolean {
  return view?.stage === 'added' || view?.stage === 'cancelled'
}

function afterwards(chatId: string, last: SetUpView | undefined): string {
  return isOver(last) ? '' : `\nNothing was added. Go on with: steward chat --in ${chatId}`
}

function codeOf(last: SetUpView | undefined): ExitCode {
  if (last === undefined || isOver(last)) return EXIT.done
  return last.stage === 'listening' ? EXIT.failed : EXIT.waiting
}
