/**
 * Guest text, first half: takes what the runtime needs before any guest code can change it, then makes the global
 * object deterministic (S3) and unable to turn text into code. It is evaluated inside the guest, never in the host.
 */
export const PRELUDE_GLOBALS = String.raw`
const { apply: ReflectApply, construct: ReflectConstruct, defineProperty: ReflectDefine, deleteProperty: ReflectDelete,
  getOwnPropertyDescriptor: ReflectDescriptor, getPrototypeOf: ReflectPrototype } = Reflect
const { parse: jsonParse, stringify: jsonStringify } = JSON
const NativeError = Error
const NativePromise = Promise
const nativeThen = Promise.prototype.then
const nativeResolve = Promise.resolve
const NativeDate = Date
const dateText = Date.prototype.toString
const isArray = Array.isArray
const isFinite = Number.isFinite
const NativeString = String
const stringSlice = String.prototype.slice
const NativeWeakMap = WeakMap
const weakGet = WeakMap.prototype.get
const weakSet = WeakMap.prototype.set
const weakHas = WeakMap.prototype.has
const NativeSet = Set
const setHas = Set.prototype.has
const setAdd = Set.prototype.add
const NativeTypeError = TypeError
const InternalErrorPrototype = InternalError.prototype
const SyntaxErrorPrototype = SyntaxError.prototype
const imul = Math.imul
const numberText = Number.prototype.toString

const post = globalThis.post
const hidden = (target, name, value) => ReflectDefine(target, name, { __proto__: null, value, writable: true, enumerable: false, configurable: true })
const quote = text => jsonStringify(text)

for (const name of ['post', 'eval', 'performance', 'WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics',
  'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'queueMicrotask', 'print', 'std', 'os', 'bjson', 'navigator']) {
  delete globalThis[name]
}

// Text never becomes code: what is not in the script's text is neither inspected nor scoped.
const functionPrototype = Function.prototype
function FromText() { throw new NativeTypeError('Making a function from text is not available.') }
hidden(FromText, 'name', 'Function')
ReflectDefine(FromText, 'prototype', { __proto__: null, value: functionPrototype, writable: false, enumerable: false, configurable: false })
for (const made of [function () {}, async function () {}, function* () {}, async function* () {}]) {
  hidden(ReflectPrototype(made), 'constructor', FromText)
}
hidden(globalThis, 'Function', FromText)

let clock = 0
const datePrototype = NativeDate.prototype
function GuestDate(...given) {
  if (new.target === undefined) return ReflectApply(dateText, new NativeDate(clock), [])
  return ReflectConstruct(NativeDate, given.length === 0 ? [clock] : given, new.target)
}
hidden(GuestDate, 'name', 'Date')
hidden(GuestDate, 'length', 7)
hidden(GuestDate, 'parse', NativeDate.parse)
hidden(GuestDate, 'UTC', NativeDate.UTC)
hidden(GuestDate, 'now', function now() { return clock })
ReflectDefine(GuestDate, 'prototype', { __proto__: null, value: datePrototype, writable: false, enumerable: false, configurable: false })
hidden(datePrototype, 'constructor', GuestDate)
hidden(globalThis, 'Date', GuestDate)

// Small fast counter generator (sfc32), seeded with four words that the host derives from the run's seed.
const state = { __proto__: null, a: 0, b: 0, c: 0, d: 0 }
const word = () => {
  const mixed = (state.a + state.b + state.d) | 0
  state.d = (state.d + 1) | 0
  state.a = state.b ^ (state.b >>> 9)
  state.b = (state.c + (state.c << 3)) | 0
  state.c = ((state.c << 21) | (state.c >>> 11)) + mixed | 0
  return mixed >>> 0
}
const hex = (value, digits) => ReflectApply(stringSlice, '0000000' + ReflectApply(numberText, value >>> 0, [16]), [-digits])
hidden(Math, 'random', function random() { return ((word() >>> 5) * 67108864 + (word() >>> 6)) / 9007199254740992 })
hidden(globalThis, 'crypto', {
  randomUUID() {
    const third = (word() & 0x0fff) | 0x4000
    const fourth = (word() & 0x3fff) | 0x8000
    return hex(word(), 8) + '-' + hex(word() & 0xffff, 4) + '-' + hex(third, 4) + '-' + hex(fourth, 4) + '-' + hex(word(), 8) + hex(word() & 0xffff, 4)
  },
})

const silent = () => undefined
hidden(globalThis, 'console', { log: silent, info: silent, warn: silent, error: silent, debug: silent })
`
