SELECT 'a' -- c
 'b', E'a'
'b\'; DELETE FROM t --'