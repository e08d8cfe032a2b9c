// SPDX-License-Identifier: LGPL-2.1-or-later

/** A value with its own type, D-Bus type `v`. dbus-next's Variant has this shape. */
export interface TypedValue {
  /** One complete D-Bus type. */
  readonly signature: string;
  readonly value: unknown;
}

/** D-Bus type `a{sv}`. Read with Object.hasOwn: the keys may come from somebody else. */
export type Dictionary = Readonly<Record<string, TypedValue>>;

/** How D-Bus types appear in TypeScript, for every type the contract uses. */
export interface ValueByType {
  readonly s: string;
  /** Object path; "/" stands for no object. */
  readonly o: string;
  readonly b: boolean;
  readonly y: number;
  readonly q: number;
  readonly i: number;
  readonly u: number;
  readonly t: bigint;
  readonly as: readonly string[];
  readonly ao: readonly string[];
  readonly av: readonly TypedValue[];
  readonly 'a(ss)': readonly (readonly [string, string])[];
  readonly 'a{ss}': Readonly<Record<string, string>>;
  readonly 'a{su}': Readonly<Record<string, number>>;
  readonly 'a{sv}': Dictionary;
  readonly 'aa{sv}': readonly Dictionary[];
}

export type DBusType = keyof ValueByType;

/** The EmitsChangedSignal annotation. */
export type Emission = 'true' | 'invalidates' | 'const' | 'false';

export interface ContractArgument {
  readonly name: string;
  readonly type: DBusType;
}

export interface ContractMethod {
  readonly in: readonly ContractArgument[];
  readonly out: readonly ContractArgument[];
  /** Known keys of the last argument, when that is `options`. */
  readonly options: Readonly<Record<string, DBusType>>;
}

export interface ContractInterface {
  readonly properties: Readonly<Record<string, { readonly type: DBusType; readonly emits: Emission }>>;
  readonly methods: Readonly<Record<string, ContractMethod>>;
  /** The arguments of each signal in their order. */
  readonly signals: Readonly<Record<string, readonly ContractArgument[]>>;
}

export type Contract = Readonly<Record<string, ContractInterface>>;
