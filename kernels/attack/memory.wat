;; Takes and touches all memory that it can get.
(module
  (memory 1)

  ;; A page at a time, each touched; a trap when there is no more.
  (func (export "grow")
    (local $page i32)
    (loop $again
      (local.set $page (memory.grow (i32.const 1)))
      (if (i32.eq (local.get $page) (i32.const -1)) (then (unreachable)))
      (i32.store (i32.mul (local.get $page) (i32.const 65536)) (i32.const 1))
      (br $again)))

  ;; All of the address space at once.
  (func (export "grow_at_once")
    (if (i32.eq (memory.grow (i32.const 65535)) (i32.const -1)) (then (unreachable))))

  ;; Asks for ever.
  (func (export "grow_for_ever")
    (loop $again (drop (memory.grow (i32.const 1))) (br $again)))

  ;; Growing by nothing is a call of the host's engine, too.
  (func (export "grow_by_none")
    (loop $again (drop (memory.grow (i32.const 0))) (br $again)))

  (func $take_all (result i32)
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (i32.mul (memory.size) (i32.const 65536)))

  (func (export "fill")
    (local $bytes i32)
    (local.set $bytes (call $take_all))
    (loop $again
      (memory.fill (i32.const 0) (i32.const 0xa5) (local.get $bytes))
      (br $again)))

  (func (export "copy")
    (local $bytes i32)
    (local.set $bytes (i32.sub (call $take_all) (i32.const 1)))
    (loop $again
      (memory.copy (i32.const 1) (i32.const 0) (local.get $bytes))
      (br $again)))

  ;; Loads that miss every cache, each from an address that depends on the last.
  (func (export "chase")
    (local $at i32) (local $bytes i32)
    (local.set $bytes (call $take_all))
    (loop $again
      (local.set $at
        (i32.and
          (i32.rem_u
            (i32.add (i32.mul (i32.add (local.get $at) (i32.load (local.get $at))) (i32.const 1664525))
              (i32.const 1013904223))
            (local.get $bytes))
          (i32.const -8)))
      (i32.store (local.get $at) (i32.const 1))
      (br $again)))
)
