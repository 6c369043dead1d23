//! What the role behind the wall may do, as PostgreSQL's catalogue has it.

use std::collections::BTreeSet;

use sqlx::PgConnection;

use super::wall::{enter, two};

#[tokio::test]
async fn a_reader_writes_nothing() {
    let (fixture, wall) = two().await;
    let mut inside = enter(&wall, "acme", "user_acme").await;
    let refused = sqlx::query("DELETE FROM changes")
        .execute(inside.connection())
        .await
        .unwrap_err();
    assert!(
        ["42501", "25006"].contains(&&*refused.as_database_error().unwrap().code().unwrap()),
        "{refused}"
    );
    drop(inside);
    // Nor does it where it is not read-only.
    let connection = &mut *fixture.connection().await;
    sqlx::query("SET ROLE infragpt_api")
        .execute(&mut *connection)
        .await
        .unwrap();
    for statement in [
        "DELETE FROM changes",
        "UPDATE members SET role = 'admin'",
        "TRUNCATE changes",
        "INSERT INTO users (user_id, sequence) VALUES ('x', 1)",
        "SELECT * FROM event_index",
        "SELECT * FROM erased_facts",
        "SELECT * FROM projection_heartbeats",
        "SELECT published_at FROM projection_checkpoints",
        "SELECT * FROM _sqlx_migrations",
        "CREATE TABLE own (number int)",
        "ALTER TABLE changes DISABLE ROW LEVEL SECURITY",
        "DROP POLICY of_organization ON changes",
        "CREATE ROLE another",
    ] {
        let refused = sqlx::query(statement).execute(&mut *connection).await.unwrap_err();
        let code = refused.as_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "42501", "{statement}: {refused}");
    }
}

#[tokio::test]
async fn nobody_enters_who_reads_past_the_policies() {
    let (fixture, _wall) = two().await;
    let owner = &mut *fixture.connection().await;
    let refused = sqlx::query("SELECT infragpt_enter('acme', 'user_acme')")
        .execute(owner)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("has to be infragpt_api"), "{refused}");
}

/// Reads names from the catalogue.
async fn names(connection: &mut PgConnection, query: &'static str) -> BTreeSet<String> {
    let names = sqlx::query_scalar::<_, String>(query).fetch_all(connection).await;
    names.unwrap().into_iter().collect()
}

#[tokio::test]
async fn the_role_owns_nothing_and_can_do_nothing_but_read_behind_a_policy() {
    let (fixture, _wall) = two().await;
    let connection = &mut *fixture.connection().await;
    let none = BTreeSet::new();
    let may_more = "SELECT relname || ' ' || privilege
         FROM pg_class, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
               AND (has_table_privilege('infragpt_api', oid, privilege)
                    OR privilege IN ('INSERT', 'UPDATE', 'REFERENCES')
                       AND has_any_column_privilege('infragpt_api', oid, privilege))";
    assert_eq!(names(connection, may_more).await, none, "privileges to write");
    let owned = "SELECT classid::regclass || ' ' || objid FROM pg_shdepend
         WHERE refobjid = 'infragpt_api'::regrole AND deptype = 'o'";
    assert_eq!(names(connection, owned).await, none, "what it owns");
    let unguarded = "SELECT relname::text FROM pg_class AS entry
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
               AND has_any_column_privilege('infragpt_api', oid, 'SELECT')
               AND NOT (relrowsecurity AND EXISTS (
                    SELECT FROM pg_policy
                    WHERE polrelid = entry.oid AND polroles = ARRAY['infragpt_api'::regrole::oid] AND polpermissive
                          AND polcmd = 'r' AND polqual IS NOT NULL))";
    assert_eq!(
        names(connection, unguarded).await,
        none,
        "what it reads without a policy"
    );
    let open_to_all = "SELECT relname::text FROM pg_class, aclexplode(relacl) AS acl
         WHERE relnamespace = 'public'::regnamespace AND acl.grantee = 0";
    assert_eq!(names(connection, open_to_all).await, none, "what everybody may");
    let functions = "SELECT proname::text FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND has_function_privilege('infragpt_api', oid, 'EXECUTE')";
    let enter = BTreeSet::from(["infragpt_enter".to_owned()]);
    assert_eq!(names(connection, functions).await, enter);
    let above_its_rights = "SELECT proname::text FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND prosecdef";
    assert_eq!(
        names(connection, above_its_rights).await,
        none,
        "functions with their owner's rights"
    );
    let is_more = "SELECT rolname::text FROM pg_roles
         WHERE rolname = 'infragpt_api'
               AND (rolsuper OR rolinherit OR rolcreaterole OR rolcreatedb OR rolcanlogin OR rolreplication OR rolbypassrls)";
    assert_eq!(names(connection, is_more).await, none);
    let member_of = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = 'infragpt_api'::regrole";
    assert_eq!(names(connection, member_of).await, none);
    let creates = "SELECT nspname::text FROM pg_namespace WHERE has_schema_privilege('infragpt_api', oid, 'CREATE')";
    assert_eq!(names(connection, creates).await, none);

    // A table that somebody grants and forgets to guard is found.
    sqlx::raw_sql("CREATE TABLE forgotten (organization_id text); GRANT SELECT ON forgotten TO infragpt_api")
        .execute(&mut *connection)
        .await
        .unwrap();
    assert_eq!(
        names(connection, unguarded).await,
        BTreeSet::from(["forgotten".to_owned()])
    );
}

#[tokio::test]
async fn the_tables_of_what_the_role_reads_have_the_organization_in_their_policy() {
    let (fixture, _wall) = two().await;
    let connection = &mut *fixture.connection().await;
    let policies = sqlx::query_as::<_, (String, String)>(
        "SELECT tablename::text, qual FROM pg_policies WHERE schemaname = 'public' ORDER BY tablename COLLATE \"C\"",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    for (table, condition) in policies {
        let named = condition.contains("NULLIF(current_setting('infragpt.organization'::text, true), '-'::text)");
        assert!(named || table == "projection_checkpoints", "{table}: {condition}");
    }
}
