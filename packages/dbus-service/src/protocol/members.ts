// SPDX-License-Identifier: LGPL-2.1-or-later
import type { contract } from './contract.js';
import type { ContractArgument, ValueByType } from './contract-types.js';

/** The names of the published interfaces. */
export type InterfaceName = keyof typeof contract;

export type MethodName<I extends InterfaceName> = keyof (typeof contract)[I]['methods'] & string;

/** All properties of an interface by name, unwrapped. */
export type PropertiesOf<I extends InterfaceName> = {
  readonly [P in keyof (typeof contract)[I]['properties']]: (typeof contract)[I]['properties'][P] extends {
    readonly type: infer T extends keyof ValueByType;
  }
    ? ValueByType[T]
    : never;
};

type TupleOf<A extends readonly ContractArgument[]> = {
  readonly [K in keyof A]: A[K] extends { readonly type: infer T extends keyof ValueByType } ? ValueByType[T] : never;
};

type MethodOf<I extends InterfaceName, M extends MethodName<I>> = (typeof contract)[I]['methods'][M];

/** The arguments of a method in their order. */
export type ArgumentsOf<I extends InterfaceName, M extends MethodName<I>> =
  MethodOf<I, M> extends { readonly in: infer A extends readonly ContractArgument[] } ? TupleOf<A> : never;

/** What a method returns, in order. */
export type ResultOf<I extends InterfaceName, M extends MethodName<I>> =
  MethodOf<I, M> extends { readonly out: infer A extends readonly ContractArgument[] } ? TupleOf<A> : never;

/** The options a method knows, unwrapped, each absent unless given. */
export type OptionsOf<I extends InterfaceName, M extends MethodName<I>> =
  MethodOf<I, M> extends { readonly options: infer O }
    ? { readonly [K in keyof O]?: O[K] extends keyof ValueByType ? ValueByType[O[K]] : never }
    : never;
