;; What never ends, and what calls itself without end. It has no manifest, as of another language.
(module
  (type $nothing (func))
  (table 2 2 funcref)
  (elem (i32.const 0) $recurse_indirect $leaf)

  (func $leaf)

  (func (export "spin") (loop $again (br $again)))

  ;; Each turn is a call of a function that is too small to be charged.
  (func (export "spin_calls") (loop $again (call $leaf) (br $again)))

  (func (export "spin_table") (param $case i32)
    (loop $again
      (block $other
        (br_table $again $other $again (local.get $case)))
      (br $again)))

  ;; What the processor takes longest for.
  (func (export "divisions") (result i64)
    (local $state i64)
    (loop $again
      (local.set $state (i64.div_u (i64.const -1) (i64.or (local.get $state) (i64.const 1))))
      (local.set $state (i64.rem_s (local.get $state) (i64.const 12345)))
      (br $again))
    (unreachable))

  (func $tail (export "tail_calls") (return_call $tail))

  (func $recurse (export "recurse") (param $depth i32) (result i32)
    (i32.add (call $recurse (i32.add (local.get $depth) (i32.const 1))) (i32.const 1)))

  (func $ping (export "recurse_by_turns") (param $depth i64) (result i64)
    (i64.add (call $pong (local.get $depth)) (i64.const 1)))
  (func $pong (param $depth i64) (result i64)
    (i64.mul (call $ping (local.get $depth)) (i64.const 3)))

  (func $recurse_indirect (export "recurse_indirect")
    (call_indirect (type $nothing) (i32.const 0)))
)
