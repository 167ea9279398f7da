;; One task plants secrets wherever something could stay, and a later one looks for them.
(module
  (memory 2)
  (global $mine (mut i64) (i64.const 0))
  (global (export "shown") (mut i32) (i32.const 0))
  (global $vector (mut v128) (v128.const i64x2 0 0))
  (global $reference (mut funcref) (ref.null func))
  (table $table 4 funcref)
  (data $segment "\01\02\03\04")
  (elem declare func $secret)
  (func $secret)

  (func $plant (export "plant")
    (i64.store (i32.const 8) (i64.const 0x5ec2e75ec2e7))
    (i64.store (i32.const 131064) (i64.const 0x5ec2e75ec2e7))
    (global.set $mine (i64.const 0x5ec2e75ec2e7))
    (global.set 1 (i32.const 0x5ec2e7))
    (global.set $vector (v128.const i64x2 0x5ec2e7 0x5ec2e7))
    (global.set $reference (ref.func $secret)))

  ;; These make an instance that is not used again.
  (func $plant_more (export "plant_more")
    (call $plant)
    (table.set $table (i32.const 1) (ref.func $secret))
    (data.drop $segment)
    (if (i32.ne (memory.grow (i32.const 8)) (i32.const -1))
      (then (i64.store (i32.const 200000) (i64.const 0x5ec2e75ec2e7)))))

  ;; How many are there.
  (func $steal (export "steal") (result i32)
    (i32.add
      (i32.add
        (i32.add (i64.ne (i64.load (i32.const 8)) (i64.const 0)) (i64.ne (i64.load (i32.const 131064)) (i64.const 0)))
        (i32.add (i64.ne (global.get $mine) (i64.const 0)) (i32.ne (global.get 1) (i32.const 0))))
      (i32.add
        (i32.add (v128.any_true (global.get $vector)) (i32.eqz (ref.is_null (global.get $reference))))
        (i32.add
          (i32.eqz (ref.is_null (table.get $table (i32.const 1))))
          (i32.ne (memory.size) (i32.const 2))))))

  ;; In one task: what the others would find if anything stayed. Tests need it, to know that they would see it.
  (func (export "plant_and_steal") (result i32) (call $plant_more) (call $steal))

  ;; Traps if the segment that another task has dropped is gone.
  (func (export "use_segment") (result i32)
    (memory.init $segment (i32.const 0) (i32.const 0) (i32.const 4))
    (i32.load (i32.const 0)))
)
