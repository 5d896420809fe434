/** The one tool by which a model asks a person something. Permission is not asked for: the contract is. */
import { z } from 'zod'
import { answer, define } from './kit.ts'

/** A chat is no place for what belongs into the vault, whoever asks for it. */
const SECRETS =
  /\b(passwords?|passphrase|passwort|passwörter|kennwort|pin|tan|secret key|private key|seed phrase|api[- ]?keys?|access token|credit card|kreditkarte)\b/i
const NO_SECRETS =
  'It was not asked: secrets are never asked for in a chat. What needs an account names a connection, which the person adds elsewhere.'

export const askUser = define({
  name: 'ask_user',
  description:
    'Ask the person one short question, in their language, when something only they can know is missing. Offer choices they can tap where there are few. Never ask for passwords or keys, and not for permission: the contract does that.',
  input: z.strictObject({
    question: z.string().min(1).max(600),
    example: z.string().max(200).optional(),
    choices: z
      .array(z.strictObject({ value: z.string().min(1).max(100), label: z.string().min(1).max(200) }))
      .max(6)
      .default([]),
  }),
  doing: 'Asking',
  run: ({ question, example, choices }, { draft }) => {
    const all = [question, example ?? '', ...choices.map(({ label }) => label)].join(' ')
    if (SECRETS.test(all)) return answer(NO_SECRETS, draft)
    return {
      is: 'question',
      open: { about: 'model', text: question, example: example ?? null, choices, looks: null },
      draft,
    }
  },
})
